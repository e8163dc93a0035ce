"""Partitions that Windows NT 4.0 cannot read, or not from this disk alone, and the reason by name.

The type codes are those of ntdddisk.h; what they do not tell, the first bytes of the volume do.
"""

from typing import Final

from msgspec import Struct

from ntscan.errors import SourceError
from ntscan.sources.containers.disk_bytes import DiskBytes
from ntscan.sources.volumes.boot_sector import SECTOR, read_boot_sector
from ntscan.sources.volumes.letters import is_fault_tolerant
from ntscan.sources.volumes.partition_table import Partition

_BY_TYPE: Final = {
    0x42: "is part of a dynamic disk of Windows 2000 or later",
    0x82: "is Linux swap space",
    0xEE: "stands for a GUID partition table",
}
#: Offset and bytes by which other file systems are known.
_MAGIC: Final = (
    (3, b"EXFAT   ", "is an exFAT volume"),
    (82, b"FAT32   ", "is a FAT32 volume"),
    (54, b"HPFS    ", "is an HPFS volume"),
    (3, b"-FVE-FS-", "is a BitLocker volume"),
    (3, b"ReFS\0\0\0\0", "is a ReFS volume"),
    (0x438, b"\x53\xef", "is a Linux ext volume"),
    (0, b"XFSB", "is an XFS volume"),
    (0, b"LUKS\xba\xbe", "is a LUKS volume"),
)
_OTHER: Final = "which Windows NT 4.0 does not read; no system of it can be there"
_HEAD: Final = 2048


class Refusal(Struct, frozen=True, kw_only=True):
    """Why a partition is not read; ``is_named`` where it is known what lies there instead.

    ``may_hold_nt`` says that a system of NT 4.0 can be there all the same.
    """

    message: str
    is_named: bool
    may_hold_nt: bool


def reason_to_refuse(disk: DiskBytes, partition: Partition) -> Refusal | None:
    """Say why a partition is not read, ``None`` where its boot sector is FAT12, FAT16 or NTFS."""
    if partition.type_code in _BY_TYPE:
        return _other(_BY_TYPE[partition.type_code])
    offset = partition.start * SECTOR
    if not partition.sectors or not partition.start:
        return _unknown("has no sectors of its own; the partition table is damaged")
    if offset >= disk.size:
        return _unknown("begins past the end of the image, which is cut off; copy the disk again")
    try:
        head = disk.read_at(offset, _HEAD)
    except SourceError as error:
        return _unknown(f"cannot be read at its boot sector: {error}")
    return _by_content(partition, head)


def _by_content(partition: Partition, head: bytes) -> Refusal | None:
    boot = read_boot_sector(head)
    is_member = is_fault_tolerant(partition.type_code)
    if boot is not None:
        return _MEMBER if is_member and boot.length > partition.sectors * SECTOR else None
    for offset, magic, name in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return _other(name)
    if is_member:
        return _MEMBER
    return _unknown(
        "does not begin with a boot sector of FAT12, FAT16 or NTFS; where NT ran from it, the "
        "sector is damaged: restore it from its copy and scan again"
    )


def _other(name: str) -> Refusal:
    return Refusal(message=f"{name}, {_OTHER}", is_named=True, may_hold_nt=False)


def _unknown(message: str) -> Refusal:
    return Refusal(message=message, is_named=False, may_hold_nt=True)


_MEMBER: Final = Refusal(
    message="is a member of an NT stripe or volume set, whose files lie across several disks; join "
    "the set on a machine that has all of them, and scan an image of the joined volume",
    is_named=True,
    may_hold_nt=True,
)
