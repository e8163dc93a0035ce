"""Whether a FAT folder was read whole: its entries, counted, and the end of its cluster chain.

The Sleuth Kit passes over an entry that it takes for damaged, a folder whose chain is broken ends
there, and one whose first sector was lost is empty; each would make a file that is there look as if
it were not. The layout is that of Microsoft's "FAT: General Overview of On-Disk Format".
"""

import struct
from collections.abc import Callable
from typing import Final

from ntscan.sources.volumes.boot_sector import BootSector, FileSystemKind

_ENTRY: Final = 32
_ITSELF: Final = b".          "
_ABOVE: Final = b"..         "
_ATTRIBUTES: Final = 11
_DELETED: Final = 0xE5
_VOLUME_ID: Final = 0x08
_ENTRY_OF_LONG_NAME: Final = 0x0F
_ATTRIBUTE_MASK: Final = 0x3F
_CLUSTER: Final = 26


def count_entries(folder: bytes) -> int:
    """Count the files and folders that a folder's bytes name, up to the mark of its end.

    Neither ``.`` and ``..`` nor the volume's label are counted.
    """
    count = 0
    for place in range(0, len(folder) - _ENTRY + 1, _ENTRY):
        first, attributes = folder[place], folder[place + _ATTRIBUTES] & _ATTRIBUTE_MASK
        if not first:
            break
        is_link = folder[place : place + 2] in (b". ", b"..")
        is_named = not attributes & _VOLUME_ID
        if attributes == _ENTRY_OF_LONG_NAME:
            # A part of a long name has no cluster: with one it is a file's entry, damaged.
            is_named = any(folder[place + _CLUSTER : place + _CLUSTER + 2])
        count += first != _DELETED and is_named and not is_link
    return count


def begins_folder(folder: bytes) -> bool:
    """Say whether bytes begin as every folder but the root does: with ``.`` and ``..``."""
    return folder.startswith(_ITSELF) and folder[_ENTRY:].startswith(_ABOVE)


def ends_chain(boot: BootSector, last_sector: int, read: Callable[[int, int], bytes]) -> bool:
    """Say whether the FAT ends a chain with the cluster that holds a sector of the volume.

    ``read`` reads bytes of the volume.
    """
    place = last_sector * boot.bytes_per_sector - boot.first_cluster
    cluster = 2 + place // boot.bytes_per_cluster
    if boot.kind is FileSystemKind.FAT16:
        (entry,) = struct.unpack("<H", read(boot.witness + cluster * 2, 2))
        return bool(entry >= 0xFFF8)  # noqa: PLR2004  the end of a chain, from here up
    (pair,) = struct.unpack("<H", read(boot.witness + cluster * 3 // 2, 2))
    entry = pair >> 4 if cluster & 1 else pair & 0xFFF
    return bool(entry >= 0xFF8)  # noqa: PLR2004  the end of a chain, from here up
