"""The services of Services for Macintosh on an NT 4.0 system, from what its SYSTEM hive says."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ntscan.evidence.reading import DoesNotExist, Exists, Reading, Unrecognised
from ntscan.evidence.registry import RegistryKey
from ntscan.evidence.registry_lookup import number, subkey, text, texts

#: The services of Services for Macintosh; MacSrv is the driver sfmsrv.sys (Q172152).
SFM_SERVICES: Final = ("MacSrv", "MacFile", "MacPrint", "AppleTalk")


class ServiceStart(StrEnum):
    """When a service or driver starts; in the order of its value ``Start``, from 0 (winnt.h)."""

    BOOT = "boot"
    SYSTEM = "system"
    AUTOMATIC = "automatic"
    MANUAL = "manual"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One key below ``Services``; the image path is as the registry has it."""

    name: str
    start: Reading[ServiceStart]
    image_path: Reading[str]
    depends_on: Reading[tuple[str, ...]]


def sfm_services(services: Reading[RegistryKey]) -> Reading[tuple[Service, ...]]:
    r"""Read those of SFM_SERVICES that exist below ``Services`` of a control set."""
    if not isinstance(services, Exists):
        return services
    found = {name: subkey(services, name) for name in SFM_SERVICES}
    return Exists(
        value=tuple(
            Service(
                name=name,
                start=_start(number(service, "Start")),
                image_path=text(service, "ImagePath"),
                depends_on=texts(service, "DependOnService"),
            )
            for name, service in found.items()
            if not isinstance(service, DoesNotExist)
        )
    )


def _start(start: Reading[int]) -> Reading[ServiceStart]:
    if not isinstance(start, Exists):
        return start
    known = dict(enumerate(ServiceStart))
    if start.value in known:
        return Exists(value=known[start.value])
    return Unrecognised(text=f"Start {start.value}")
