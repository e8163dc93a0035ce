"""The partitions that a master boot record and its chain of extended ones tell.

Own code, since TSK's volume system (pytsk3.Volume_Info) shows no active flag, numbers by its own
slots, and gives up a whole disk for one bad entry. The layout is that of PARTITION_DESCRIPTOR in
NT's disk support; the counting is NT's (Q93373).
"""

import struct
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from ntscan.errors import SourceError
from ntscan.sources.containers.disk_bytes import DiskBytes
from ntscan.sources.volumes.boot_sector import SECTOR, SIGNATURE

EMPTY: Final = 0x00
#: PARTITION_EXTENDED, its form of Windows 95 for large disks, and that of Linux, which only hides.
EXTENDED: Final = (0x05, 0x0F, 0x85)
_FIRST_ENTRY: Final = 446
_ENTRY: Final = struct.Struct("<B3xB3xII")
_ENTRIES: Final = 4
#: More logical drives than letters do no harm; a chain this long was made to keep a reader busy.
MOST_LOGICAL_DRIVES: Final = 256


class Partition(Struct, frozen=True, kw_only=True):
    """One entry that is neither empty nor extended; ``start`` and ``sectors`` are of the disk."""

    type_code: int
    start: int
    sectors: int
    is_active: bool
    is_logical: bool


class PartitionTable(Struct, frozen=True, kw_only=True):
    """The partitions in NT's order, with a sentence for each place where the chain breaks."""

    partitions: tuple[Partition, ...]
    breaks: tuple[str, ...]


def read_partition_table(disk: DiskBytes, first_sector: bytes) -> PartitionTable:
    """Read the table in the first sector and the chains that hang on it; raises nothing."""
    entries = tuple(_entries(first_sector))
    breaks: list[str] = []
    primaries = [_partition(e, 0, is_logical=False) for e in entries if e.type_code not in EXTENDED]
    logicals: list[Partition] = []
    for extended in entries:
        if extended.type_code in EXTENDED:
            logicals += _follow(disk, extended.start, breaks)
    return PartitionTable(partitions=(*primaries, *logicals), breaks=tuple(breaks))


class _Entry(Struct, frozen=True):
    boot_indicator: int
    type_code: int
    start: int
    sectors: int


def _entries(sector: bytes) -> Iterator[_Entry]:
    """Yield the entries that are not empty; none where the sector carries no signature."""
    if sector[SECTOR - 2 : SECTOR] != SIGNATURE:
        return
    for index in range(_ENTRIES):
        entry = _Entry(*_ENTRY.unpack_from(sector, _FIRST_ENTRY + index * _ENTRY.size))
        if entry.type_code != EMPTY:
            yield entry


def _partition(entry: _Entry, base: int, *, is_logical: bool) -> Partition:
    return Partition(
        type_code=entry.type_code,
        start=base + entry.start,
        sectors=entry.sectors,
        is_active=entry.boot_indicator == 0x80,  # noqa: PLR2004  the one value that means it
        is_logical=is_logical,
    )


def _follow(disk: DiskBytes, base: int, breaks: list[str]) -> Iterator[Partition]:
    """Yield the logical drives of one extended partition.

    A drive's start counts from the record that names it; the next record's from the extended
    partition.
    """
    place, seen = base, set[int]()
    while place not in seen:
        seen.add(place)
        if len(seen) > MOST_LOGICAL_DRIVES:
            breaks.append(f"the chain of logical drives has more than {MOST_LOGICAL_DRIVES} links")
            return
        try:
            sector = disk.read_at(place * SECTOR, SECTOR)
        except SourceError as error:
            breaks.append(f"the chain of logical drives cannot be read at sector {place}: {error}")
            return
        if sector[SECTOR - 2 :] != SIGNATURE:
            where = "the end of the image" if place * SECTOR >= disk.size else f"sector {place}"
            breaks.append(f"the chain of logical drives leads to {where}, where none is described")
            return
        entries = tuple(_entries(sector))
        for entry in entries:
            if entry.type_code not in EXTENDED:
                yield _partition(entry, place, is_logical=True)
        links = [entry.start for entry in entries if entry.type_code in EXTENDED]
        if not links:
            return
        place = base + links[0]
    breaks.append(f"the chain of logical drives loops back to sector {place}")
