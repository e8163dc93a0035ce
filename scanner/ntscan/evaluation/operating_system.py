"""Whether an image belongs to an operating system other than Windows NT 4.0."""

import re
from typing import Final

from ntscan.evidence.characteristics import PEMetadata, VersionResource
from ntscan.evidence.reading import Exists, Reading
from ntscan.vocabulary import Machine

_NT_4_0: Final = (4, 0)
_OTHERS: Final = {
    (3, 1): "Windows NT 3.1",
    (3, 10): "Windows NT 3.1",
    (3, 5): "Windows NT 3.5",
    (3, 50): "Windows NT 3.5",
    (3, 51): "Windows NT 3.51",
    (5, 0): "Windows 2000",
    (5, 1): "Windows XP",
    (5, 2): "Windows Server 2003",
    (6, 0): "Windows Vista",
    (6, 1): "Windows 7",
    (6, 2): "Windows 8",
    (6, 3): "Windows 8.1",
    (10, 0): "Windows 10",
}
_VERSION: Final = re.compile(r"(\d{1,3})\.(\d{1,3})(?:\.|$)")


def other_operating_system(image: PEMetadata | None, registry: Reading[str]) -> str | None:
    """Name the system other than NT 4.0 that an image is for; ``None`` where nothing says so.

    The registry says so by any version of Windows NT but 4.0, whatever the file is. The machine
    says so where the PE specification names it and NT 4.0 never ran on it; the version resource
    where it states the version of another Windows NT and nowhere that of 4.0. A damaged file (its
    checksum is not that of its bytes) says nothing.
    """
    named = _VERSION.match(registry.value) if isinstance(registry, Exists) else None
    if named is not None and _number(named) != _NT_4_0:
        return _OTHERS.get(_number(named), f"Windows NT {named[0].rstrip('.')}")
    if image is None or image.checksum_valid is False:
        return None
    if not image.machine.startswith("0x") and image.machine not in set(Machine):
        return f"a system for {image.machine}, on which Windows NT 4.0 never ran"
    stated = _stated_versions(image.version) if image.version is not None else set()
    if _NT_4_0 in stated:
        return None
    return next((_OTHERS[version] for version in sorted(stated) if version in _OTHERS), None)


def _stated_versions(version: VersionResource) -> set[tuple[int, int]]:
    texts = (
        version.product_version,
        version.product_version_string,
        version.file_version,
        version.file_version_string,
    )
    found = (_VERSION.match(text) for text in texts if text is not None)
    return {_number(match) for match in found if match is not None}


def _number(version: re.Match[str]) -> tuple[int, int]:
    return int(version[1]), int(version[2])
