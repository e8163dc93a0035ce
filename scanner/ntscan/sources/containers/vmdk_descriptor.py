"""A VMDK descriptor: the text that says which files hold the extents of a disk.

After VMware's "Virtual Disk Format 5.0".
"""

import re
from enum import StrEnum
from typing import Final

from msgspec import Struct

from ntscan.errors import SourceError

SIGNATURE: Final = b"# Disk DescriptorFile"
#: Bytes of a descriptor; one of a 2 TB disk in 2 GB extents takes 60 KB.
DESCRIPTOR_LIMIT: Final = 1 << 20
#: Extents of a disk.
EXTENT_LIMIT: Final = 8192
SECTOR_SIZE: Final = 512
#: Sectors of an extent: 64 TB, more than any product makes.
_SECTORS_LIMIT: Final = 64 << 31

_NO_PARENT: Final = "ffffffff"
_ACCESS: Final = r"(?:RW|RDONLY|NOACCESS)\s"
# The size in sectors, the kind, the file's name and the sector in it where the extent begins.
_EXTENT: Final = re.compile(
    _ACCESS + r"\s*([0-9]{1,18})\s+([A-Z0-9]+)"
    r'(?:\s+"([^"]*)"(?:\s+([0-9]{1,18}))?)?'
)


class ExtentKind(StrEnum):
    """How an extent lies in its file; the spelling is the descriptor's."""

    FLAT = "FLAT"
    VMFS = "VMFS"
    SPARSE = "SPARSE"
    ZERO = "ZERO"


class Extent(Struct, frozen=True, kw_only=True):
    """A stretch of the disk: its size, its file's name, and where it begins there, in bytes."""

    size: int
    kind: ExtentKind
    file_name: str
    start: int


def parse_descriptor(data: bytes) -> tuple[Extent, ...]:
    """Return the extents that a descriptor names, in their order.

    Raises SourceError for what is not read: a snapshot (a disk with a parent), an encrypted disk,
    an extent of a device, and a file that does not lie beside the descriptor.
    """
    extents: list[Extent] = []
    for line in _text(data).split("\n"):
        stripped = line.strip()
        if re.match(_ACCESS, stripped):
            extents.append(_extent(stripped))
        elif not stripped.startswith("#"):
            key, _, value = stripped.partition("=")
            _refuse_by_setting(key.strip().lower(), value.strip().strip('"').lower())
    if not extents or len(extents) > EXTENT_LIMIT:
        raise SourceError(
            f"is a VMDK descriptor that names {len(extents):,} extents; from 1 to "
            f"{EXTENT_LIMIT:,} are read; copy it again"
        )
    return tuple(extents)


def _text(data: bytes) -> str:
    """Return the text; VMware writes UTF-8, and older products the Windows code page."""
    text = data.partition(b"\0")[0]
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("cp1252", "replace")


def _refuse_by_setting(key: str, value: str) -> None:
    if key == "parentcid" and value != _NO_PARENT:
        raise SourceError(
            "is a VMDK snapshot (delta), which holds only what changed since its parent; "
            "consolidate the snapshots, or convert the whole chain with qemu-img convert"
        )
    if key.startswith("encrypt"):
        raise SourceError("is an encrypted VMDK; decrypt the virtual machine and copy it again")


def _extent(line: str) -> Extent:
    match = _EXTENT.fullmatch(line)
    if match is None:
        raise SourceError(
            "is a VMDK descriptor with an extent that is not understood; copy it again"
        )
    sectors, kind_name, file_name, start = match.groups()
    kind = _kind(kind_name)
    if int(sectors) > _SECTORS_LIMIT or int(start or 0) > _SECTORS_LIMIT:
        raise SourceError("is a VMDK descriptor with an extent beyond 64 TB; copy it again")
    if kind is not ExtentKind.ZERO:
        _refuse_elsewhere(file_name or "")
    return Extent(
        size=int(sectors) * SECTOR_SIZE,
        kind=kind,
        file_name=file_name or "",
        start=int(start or 0) * SECTOR_SIZE,
    )


def _kind(name: str) -> ExtentKind:
    try:
        return ExtentKind(name)
    except ValueError:
        raise SourceError(
            f"is a VMDK with an extent of type {name}, which is not read; "
            "convert it to a flat VMDK or a raw image"
        ) from None


def _refuse_elsewhere(file_name: str) -> None:
    """Refuse a name that could lead out of the folder, on this machine or on Windows."""
    if file_name in {"", ".", ".."} or set(file_name) & set("/\\:\0"):
        raise SourceError(
            "is a VMDK descriptor that names a file elsewhere, and only files beside it are read; "
            "put the extents beside it and correct their names in it"
        )
