"""Where a chain of clusters on FAT ends, and whether it was meant to end there.

A folder on FAT has no size: it is as long as its chain. The Sleuth Kit takes any chain for a whole
one, also where it leads into a free or bad cluster, off the volume or back to itself, and what lay
behind is missing without a word.
"""

from typing import Final

from ntscan.errors import SourceError
from ntscan.sources.containers.disk_bytes import DiskBytes
from ntscan.sources.volumes.boot_sector import BootSector, FileSystemKind

_FIRST_CLUSTER: Final = 2
#: "EOC" of Microsoft's "FAT: General Overview of On-Disk Format".
_END_FAT12: Final = 0x0FF8
_END_FAT16: Final = 0xFFF8


class FileAllocationTable:
    """The first FAT of a volume that begins at ``offset`` bytes of the disk."""

    def __init__(self, disk: DiskBytes, offset: int, boot: BootSector) -> None:
        self._disk, self._offset, self._boot = disk, offset, boot

    def refuse_broken(self, last_sector: int | None) -> None:
        """Raise SourceError where a folder's chain does not end in the cluster of a sector."""
        if last_sector is None or not self._is_end(self._cluster(last_sector)):
            raise SourceError(
                "is damaged: its cluster chain is broken, so that files may be missing from it; "
                "take them from a backup of the machine"
            )

    def _cluster(self, sector: int) -> int:
        place = sector * self._boot.bytes_per_sector - self._boot.first_cluster
        return _FIRST_CLUSTER + place // self._boot.bytes_per_cluster

    def _is_end(self, cluster: int) -> bool:
        is_fat12 = self._boot.kind is FileSystemKind.FAT12
        at = cluster * 3 // 2 if is_fat12 else cluster * 2
        pair = self._disk.read_at(self._offset + self._boot.witness + at, 2)
        entry = int.from_bytes(pair, "little")
        if is_fat12:
            return (entry >> 4 if cluster % 2 else entry & 0x0FFF) >= _END_FAT12
        return entry >= _END_FAT16
