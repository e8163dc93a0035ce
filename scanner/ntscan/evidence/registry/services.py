"""The services that a rule is about, and those that depend on them, from a SYSTEM hive."""

from collections.abc import Collection

from ntscan.errors import RegistryError
from ntscan.evidence.reading import CollectionFailed, DoesNotExist, Exists, Reading, Unrecognised
from ntscan.evidence.registry.key import RegistryKey
from ntscan.evidence.registry.lookup import number, subkey, text, texts
from ntscan.evidence.system_evidence import Service
from ntscan.vocabulary import ServiceStart


def named_services(
    services: Reading[RegistryKey], names: Collection[str]
) -> Reading[tuple[Service, ...]]:
    """Read those services of the names that exist below ``Services`` of a control set."""
    if not isinstance(services, Exists):
        return services
    found = {name: subkey(services, name) for name in names}
    return Exists(
        value=tuple(
            _service(name, key) for name, key in found.items() if not isinstance(key, DoesNotExist)
        )
    )


def dependent_services(
    services: Reading[RegistryKey], names: Collection[str]
) -> Reading[tuple[Service, ...]]:
    """Read the other services that cannot start before one of these (DependOnService).

    A service that depends on one found is found too, however long the chain.
    """
    if not isinstance(services, Exists):
        return services
    try:
        keys = {key.name.lower(): key for key in services.value.subkeys()}
        needs = {name: _needs(key) for name, key in keys.items()}
        services.value.refuse_if_spent()
    except RegistryError as error:
        return CollectionFailed(message=str(error))
    found = {name.lower() for name in names}
    while more := {name for name in needs if name not in found and needs[name] & found}:
        found |= more
    others = [keys[name] for name in sorted(found - {name.lower() for name in names})]
    return Exists(value=tuple(_service(key.name, Exists(value=key)) for key in others))


def _needs(key: RegistryKey) -> set[str]:
    """Return the services that one depends on; RegistryError where its list cannot be read."""
    depends_on = texts(Exists(value=key), "DependOnService")
    if isinstance(depends_on, CollectionFailed):
        raise RegistryError(depends_on.message)
    return {name.lower() for name in depends_on.value} if isinstance(depends_on, Exists) else set()


def _service(name: str, key: Reading[RegistryKey]) -> Service:
    return Service(
        name=name,
        start=_start(number(key, "Start")),
        image_path=text(key, "ImagePath"),
        depends_on=texts(key, "DependOnService"),
    )


def _start(start: Reading[int]) -> Reading[ServiceStart]:
    if not isinstance(start, Exists):
        return start
    known = dict(enumerate(ServiceStart))
    if start.value in known:
        return Exists(value=known[start.value])
    return Unrecognised(text=f"Start {start.value}")
