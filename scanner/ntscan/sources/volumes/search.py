"""Volumes found by their boot sectors, where the partition table is lost.

NT's Setup and Disk Administrator begin a partition on a cylinder, and the first one and logical
drives one track later. With 63 sectors a track, as a BIOS that translates gives, every such place
is a multiple of 63 sectors; with 64 heads of 32 sectors, as SCSI adapters of the time give, it is
a multiple of 2,048 or 32 behind one. Later tools begin on 1 MiB, which is 2,048 sectors too.

Only the first 8 GiB are searched: NT 4.0 is started through INT 13h, which reaches 1,024 cylinders
of 255 heads and 63 sectors (7.84 GiB; Q224526). So at most 283,000 sectors, 145 MB, are read; a
volume that is found is not searched inside, and that is most of a disk.
"""

from collections.abc import Iterator
from typing import Final

from ntscan.errors import SourceError
from ntscan.sources.containers.disk_bytes import DiskBytes
from ntscan.sources.volumes.boot_sector import (
    SECTOR,
    SIGNATURE,
    BootSector,
    is_witnessed,
    read_boot_sector,
)

_TRACK: Final = 63
_SCSI_TRACK: Final = 32
_SCSI_CYLINDER: Final = 2048
_SEARCHED: Final = 8 << 30
_WITNESS: Final = 4


def search_volumes(
    disk: DiskBytes, known: tuple[range, ...] = ()
) -> Iterator[tuple[int, BootSector]]:
    """Yield the offset and boot sector of each volume outside the known ranges of bytes.

    A boot sector counts only where the MFT or FAT that it promises is there, so that neither
    NTFS's copy of a boot sector nor one in a file is taken for a volume. Sectors that cannot be
    read hold none.
    """
    covered = list(known)
    for sector in _places(min(disk.size, _SEARCHED) // SECTOR):
        offset = sector * SECTOR
        if covered and any(offset in extent for extent in covered):
            continue
        boot = boot_sector_at(disk, offset)
        if boot is not None:
            covered.append(range(offset, offset + boot.length))
            yield offset, boot


def boot_sector_at(disk: DiskBytes, offset: int) -> BootSector | None:
    """Return a boot sector that the volume behind it bears out, ``None`` where there is none."""
    try:
        sector = disk.read_at(offset, SECTOR)
        boot = read_boot_sector(sector) if sector[SECTOR - 2 :] == SIGNATURE else None
        if boot is None or not is_witnessed(boot, disk.read_at(offset + boot.witness, _WITNESS)):
            return None
    except SourceError:
        return None
    return boot


def _places(sectors: int) -> Iterator[int]:
    """Yield every place where a partition can begin, from the first on."""
    by_track = range(_TRACK, sectors, _TRACK)
    by_cylinder = range(_SCSI_CYLINDER, sectors, _SCSI_CYLINDER)
    first_track = range(_SCSI_TRACK, sectors, _SCSI_CYLINDER)
    yield from sorted({*by_track, *by_cylinder, *first_track})
