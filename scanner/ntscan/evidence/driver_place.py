"""Where the installed driver of a system is: where the registry says, else the usual place."""

from collections.abc import Callable

from msgspec import Struct

from ntscan.evidence.image_path import locate
from ntscan.evidence.installation import Place
from ntscan.evidence.reading import Exists, Reading
from ntscan.evidence.system_evidence import SystemEvidence
from ntscan.evidence.wanted import Wanted


class DriverPlace(Struct, frozen=True, kw_only=True):
    """The place of an installed driver; ``image_path`` is the registry's word, if it has one."""

    place: Place
    image_path: str | None


class OutOfSight(Struct, frozen=True, kw_only=True):
    """The driver is, or should be, where the scan cannot look; ``message`` says why."""

    path: str
    message: str


def driver_place(
    wanted: Wanted, root: Place, registry: SystemEvidence, is_in_sight: Callable[[Place], bool]
) -> DriverPlace | OutOfSight:
    """Find the place of a system's installed driver; ``is_in_sight`` says which folders are."""
    usual = (*root, "system32", "drivers", wanted.file_name)
    image_path = _image_path(wanted, registry)
    if image_path is None:
        return _unless_unseen(DriverPlace(place=usual, image_path=None), is_in_sight)
    place = locate(image_path, root, _text(registry.system_root))
    if place is None:
        reason = "is on another volume, or on one that cannot be told; scan that volume"
    elif place[-1] != wanted.file_name:
        reason = f"bears another name than {wanted.file_name}; scan that file by itself"
    else:
        return _unless_unseen(DriverPlace(place=place, image_path=image_path), is_in_sight)
    message = f"is where the driver of {wanted.driver} is, says the registry, and {reason}"
    return OutOfSight(path=image_path, message=message)


def _unless_unseen(
    found: DriverPlace, is_in_sight: Callable[[Place], bool]
) -> DriverPlace | OutOfSight:
    """Say that a folder was not copied, or not given, before a file is missed in it."""
    if is_in_sight(found.place[:-1]):
        return found
    return OutOfSight(
        path=found.image_path or "\\".join(found.place[-3:]),
        message="is where the driver should be, and lies outside what was scanned; scan the system "
        "root, whole",
    )


def _image_path(wanted: Wanted, registry: SystemEvidence) -> str | None:
    service = registry.service(wanted.driver) if wanted.driver is not None else None
    path = _text(service.image_path) if service is not None else None
    return path if path and path.strip() else None


def _text(reading: Reading[str]) -> str | None:
    return reading.value if isinstance(reading, Exists) else None
