"""Whether a system runs the component: the earliest start of the driver or of what needs it."""

from ntscan.evidence.reading import CollectionFailed, Exists
from ntscan.evidence.system_evidence import Service, SystemEvidence
from ntscan.rulebook.advisory import Advisory
from ntscan.vocabulary import Exposure, ServiceStart


def exposure(advisory: Advisory, registry: SystemEvidence) -> Exposure | None:
    """Say when the driver starts, as far as the registry was read; a disabled one never does."""
    if advisory.services is None or not isinstance(registry.services, Exists):
        return None
    driver = registry.service(advisory.services.driver)
    if driver is None:
        return Exposure.NOT_INSTALLED
    if driver.start == Exists(value=ServiceStart.DISABLED):
        return Exposure.DISABLED
    starts = [_start(service) for service in (driver, *_needing(driver, registry))]
    known = [start for start in starts if start not in (None, ServiceStart.DISABLED)]
    if any(start is not ServiceStart.MANUAL for start in known):
        return Exposure.STARTS_WITH_SYSTEM
    # A service that could not be read may start the driver with the system.
    unread = isinstance(registry.dependents, CollectionFailed)
    return Exposure.MANUAL if known and not unread else None


def _needing(driver: Service, registry: SystemEvidence) -> list[Service]:
    """Return the services that cannot start before the driver has, through others too."""
    others = [
        service
        for services in (registry.services, registry.dependents)
        if isinstance(services, Exists)
        for service in services.value
    ]
    found = {driver.name.lower()}
    while more := {s.name.lower() for s in others if _needs(s) & found} - found:
        found |= more
    return [service for service in others if service.name.lower() in found - {driver.name.lower()}]


def _needs(service: Service) -> set[str]:
    depends_on = service.depends_on
    return {name.lower() for name in depends_on.value} if isinstance(depends_on, Exists) else set()


def _start(service: Service) -> ServiceStart | None:
    return service.start.value if isinstance(service.start, Exists) else None
