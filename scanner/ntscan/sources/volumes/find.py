"""From a disk to its volumes: by its partition table, as a bare volume, or by search."""

from typing import Final, Self

from msgspec import Struct

from ntscan.sources.containers.disk_bytes import DiskBytes
from ntscan.sources.volumes.boot_sector import SECTOR, BootSector
from ntscan.sources.volumes.letters import assign_letters
from ntscan.sources.volumes.partition_table import Partition, PartitionTable, read_partition_table
from ntscan.sources.volumes.refusal import reason_to_refuse
from ntscan.sources.volumes.search import boot_sector_at, search_volumes
from ntscan.sources.volumes.volume import RefusedVolume, Volume, VolumeTable

#: PARTITION_IFS: what the search found counts as a type that NT gives a letter.
_IFS: Final = 0x07


def find_volumes(disk: DiskBytes) -> VolumeTable:
    """Find every volume of a disk; content never makes it raise.

    A boot sector ends with the same two bytes as a partition table. The disk is one bare volume
    where its first sector is a boot sector that the FAT or MFT bears out, and no entry that could
    be read out of it leads to another. Where no partition leads to anything that is known, or the
    chain of logical drives is broken, the rest of the disk is searched.

    Raises SourceError only where the first sector cannot be read.
    """
    table = read_partition_table(disk, disk.read_at(0, SECTOR))
    bare = boot_sector_at(disk, 0)
    if bare is not None and not any(_leads_on(disk, found) for found in table.partitions):
        volume = _found(disk, 0, bare, number=1, letter="C:")
        return VolumeTable(volumes=(volume,), refused=(), note=_note([], (volume,)))
    told = _Told.read(disk, table)
    if not table.breaks and (told.volumes or told.named):
        note = _note([], told.volumes)
        return VolumeTable(volumes=told.volumes, refused=told.refused, note=note)
    return _searched(disk, table, told)


def _leads_on(disk: DiskBytes, partition: Partition) -> bool:
    return partition.start > 0 and boot_sector_at(disk, partition.start * SECTOR) is not None


class _Told(Struct, frozen=True):
    """What a table tells; ``named`` are the extents in bytes of what is refused and known."""

    volumes: tuple[Volume, ...]
    refused: tuple[RefusedVolume, ...]
    named: tuple[range, ...]

    @classmethod
    def read(cls, disk: DiskBytes, table: PartitionTable) -> Self:
        """Sort the partitions into those that are read and those that are not."""
        volumes, refused, named = list[Volume](), list[RefusedVolume](), list[range]()
        letters = assign_letters(table.partitions)
        for number, partition in enumerate(table.partitions, 1):
            refusal = reason_to_refuse(disk, partition)
            if refusal is None:
                volumes.append(_told_volume(disk, partition, number, letters[number - 1]))
                continue
            entry = RefusedVolume(
                number=number,
                offset=partition.start * SECTOR,
                type_code=partition.type_code,
                message=refusal.message,
                may_hold_nt=refusal.may_hold_nt,
            )
            refused.append(entry)
            if refusal.is_named:
                named.append(_extent(partition))
        return cls(tuple(volumes), tuple(refused), tuple(named))


def _searched(disk: DiskBytes, table: PartitionTable, told: _Told) -> VolumeTable:
    """Add what a search finds outside the volumes that the table told.

    Where the table told nothing that is known, it is lost: what was found is numbered in the order
    of the disk, as Disk Administrator would have made it.
    """
    known = (*told.named, *(range(v.offset, v.offset + v.length) for v in told.volumes))
    found = tuple(search_volumes(disk, known))
    is_lost = not known
    told_partitions = () if is_lost else table.partitions
    letters = assign_letters((*told_partitions, *(_as_partition(o, is_lost) for o, _ in found)))
    reason = "; ".join(table.breaks) or _LOST
    volumes = tuple(
        _found(
            disk, offset, boot, number=number, letter=letters[number - 1], is_logical=not is_lost
        )
        for number, (offset, boot) in enumerate(found, len(told_partitions) + 1)
    )
    outcome = "volumes were found by their boot sectors" if found else "no boot sector was found"
    return VolumeTable(
        volumes=(*told.volumes, *volumes),
        refused=() if is_lost and found else told.refused,
        note=_note([f"{reason}; {outcome}"], (*told.volumes, *volumes)),
    )


def _told_volume(disk: DiskBytes, partition: Partition, number: int, letter: str | None) -> Volume:
    extent = _extent(partition)
    return Volume(
        number=number,
        offset=extent.start,
        length=len(extent),
        type_code=partition.type_code,
        is_active=partition.is_active,
        is_logical=partition.is_logical,
        is_cut_off=extent.stop > disk.size,
        letter=letter,
    )


def _found(  # noqa: PLR0913  all that a volume is which no table describes
    disk: DiskBytes,
    offset: int,
    boot: BootSector,
    *,
    number: int,
    letter: str | None,
    is_logical: bool = False,
) -> Volume:
    return Volume(
        number=number,
        offset=offset,
        length=boot.length,
        type_code=None,
        is_active=False,
        is_logical=is_logical,
        is_cut_off=offset + boot.length > disk.size,
        letter=letter,
    )


def _extent(partition: Partition) -> range:
    return range(partition.start * SECTOR, (partition.start + partition.sectors) * SECTOR)


def _as_partition(offset: int, is_primary: bool) -> Partition:
    return Partition(
        type_code=_IFS,
        start=offset // SECTOR,
        sectors=0,
        is_active=False,
        is_logical=not is_primary,
    )


def _note(notes: list[str], volumes: tuple[Volume, ...]) -> str | None:
    cut_off = [f"the image ends inside partition {v.number}" for v in volumes if v.is_cut_off]
    return "; ".join((*notes, *cut_off)) or None


_LOST: Final = "the partition table is zeroed or broken"
