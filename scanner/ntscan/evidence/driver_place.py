"""Where the installed driver of a system is: where the registry says, else the usual place."""

from dataclasses import dataclass

from ntscan.evidence.image_path import locate
from ntscan.evidence.installation import Place
from ntscan.evidence.reading import Exists, Reading
from ntscan.evidence.system_evidence import SystemEvidence
from ntscan.evidence.wanted import Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverPlace:
    """The place of an installed driver; ``image_path`` is the registry's word, if it has one."""

    place: Place
    image_path: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfSight:
    """The registry says that the driver is where the scan cannot look; ``message`` says why."""

    image_path: str
    message: str


def driver_place(
    wanted: Wanted, root: Place, scanned: Place, registry: SystemEvidence
) -> DriverPlace | OutOfSight:
    """Find the place of a system's installed driver; ``scanned`` is the top of what was walked."""
    usual = (*root, "system32", "drivers", wanted.file_name)
    image_path = _image_path(wanted, registry)
    if image_path is None:
        return DriverPlace(place=usual, image_path=None)
    place = locate(image_path, root, _text(registry.system_root))
    if place is None:
        reason = "is on another volume, or on one that cannot be told; scan that volume"
    elif place[-1] != wanted.file_name:
        reason = f"bears another name than {wanted.file_name}; scan that file by itself"
    elif place[: len(scanned)] != scanned:
        reason = "lies outside what was scanned; scan the system root"
    else:
        return DriverPlace(place=place, image_path=image_path)
    return OutOfSight(
        image_path=image_path, message=f"the driver of {wanted.driver}, says the registry, {reason}"
    )


def _image_path(wanted: Wanted, registry: SystemEvidence) -> str | None:
    service = registry.service(wanted.driver) if wanted.driver is not None else None
    path = _text(service.image_path) if service is not None else None
    return path if path and path.strip() else None


def _text(reading: Reading[str]) -> str | None:
    return reading.value if isinstance(reading, Exists) else None
