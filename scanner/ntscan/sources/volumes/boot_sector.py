"""The first sector of a volume, and which file system it speaks of.

The fields are the BIOS parameter block of Microsoft's "FAT: General Overview of On-Disk Format"
and NTFS's PACKED_BOOT_SECTOR; the limits are those that NT's own file systems set.
"""

import struct
from enum import StrEnum
from typing import Final

from msgspec import Struct

SECTOR: Final = 512
SIGNATURE: Final = b"\x55\xaa"
_JUMPS: Final = (0xEB, 0xE9)
_MEDIA: Final = (0xF0, *range(0xF8, 0x100))
#: Below so many clusters a FAT is FAT12, below the second FAT16 (the Overview's "FAT Type
#: Determination").
_LEAST_FAT16_CLUSTERS: Final = 4085
_LEAST_FAT32_CLUSTERS: Final = 65525


class FileSystemKind(StrEnum):
    """The file systems that Windows NT 4.0 reads from a hard disk."""

    FAT12 = "FAT12"
    FAT16 = "FAT16"
    NTFS = "NTFS"


class BootSector(Struct, frozen=True, kw_only=True):
    """What a boot sector says of its volume; all but ``serial_number`` in bytes.

    ``length`` is what the file system uses of its volume; of NTFS, one sector behind it holds the
    copy of the boot sector. ``witness`` is where its first structure lies: the FAT, or the MFT.
    ``first_cluster`` is where the clusters begin, behind FATs and root folder; 0 on NTFS.
    ``serial_number`` is as NT shows it, or empty where the sector carries none.
    """

    kind: FileSystemKind
    bytes_per_sector: int
    length: int
    bytes_per_cluster: int
    witness: int
    first_cluster: int
    media: int
    serial_number: str


def read_boot_sector(sector: bytes) -> BootSector | None:
    """Read a boot sector of FAT12, FAT16 or NTFS; ``None`` where the bytes are none."""
    if len(sector) < SECTOR:
        return None
    return _read_ntfs(sector) if sector[3:11] == b"NTFS    " else _read_fat(sector)


def is_witnessed(boot: BootSector, witness: bytes) -> bool:
    """Say whether the bytes at ``boot.witness`` are what the boot sector promises there."""
    if boot.kind is FileSystemKind.NTFS:
        return witness[:4] == b"FILE"
    return witness[:3] == bytes((boot.media, 0xFF, 0xFF))


def _read_ntfs(sector: bytes) -> BootSector | None:
    bytes_per_sector, sectors_per_cluster = struct.unpack_from("<HB", sector, 11)
    sectors, mft_cluster = struct.unpack_from("<QQ", sector, 40)
    cluster = bytes_per_sector * sectors_per_cluster
    if not (
        _is_sector_size(bytes_per_sector)
        and _is_power_of_two(sectors_per_cluster)
        and sectors
        and 0 < mft_cluster * sectors_per_cluster < sectors
    ):
        return None
    return BootSector(
        kind=FileSystemKind.NTFS,
        bytes_per_sector=bytes_per_sector,
        length=sectors * bytes_per_sector,
        bytes_per_cluster=cluster,
        witness=mft_cluster * cluster,
        first_cluster=0,
        media=sector[21],
        serial_number=f"{struct.unpack_from('<Q', sector, 72)[0]:016X}",
    )


def _read_fat(sector: bytes) -> BootSector | None:
    bytes_per_sector, sectors_per_cluster, reserved, fats, roots, sectors16, media, fat_sectors = (
        struct.unpack_from("<HBHBHHBH", sector, 11)
    )
    sectors = sectors16 or struct.unpack_from("<I", sector, 32)[0]
    if not (
        sector[0] in _JUMPS
        and _is_sector_size(bytes_per_sector)
        and _is_power_of_two(sectors_per_cluster)
        and media in _MEDIA
        and reserved
        and fats
        and roots
        and fat_sectors
    ):
        return None
    root_sectors = -(-roots * 32 // bytes_per_sector)
    before = reserved + fats * fat_sectors + root_sectors
    clusters = (sectors - before) // sectors_per_cluster
    if not 0 < clusters < _LEAST_FAT32_CLUSTERS:
        return None
    return BootSector(
        kind=FileSystemKind.FAT12 if clusters < _LEAST_FAT16_CLUSTERS else FileSystemKind.FAT16,
        bytes_per_sector=bytes_per_sector,
        length=sectors * bytes_per_sector,
        bytes_per_cluster=bytes_per_sector * sectors_per_cluster,
        witness=reserved * bytes_per_sector,
        first_cluster=before * bytes_per_sector,
        media=media,
        serial_number=_fat_serial_number(sector),
    )


def _fat_serial_number(sector: bytes) -> str:
    """Read BS_VolID as DIR shows it, where BS_BootSig says that it is there."""
    if sector[38] not in (0x28, 0x29):
        return ""
    high, low = sector[41:43][::-1].hex(), sector[39:41][::-1].hex()
    return f"{high}-{low}".upper()


def _is_sector_size(size: int) -> bool:
    return _is_power_of_two(size) and SECTOR <= size <= 8 * SECTOR


def _is_power_of_two(number: int) -> bool:
    return number > 0 and number & (number - 1) == 0
