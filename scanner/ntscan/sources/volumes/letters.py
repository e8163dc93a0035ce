"""The drive letters that Windows NT 4.0 gives by default (Q93373).

Only recognized types have letters; on one disk the first is that of the active primary partition,
or of the first primary one where none is active, then come the logical drives, then the remaining
primary partitions. Letters fixed by hand in Disk Administrator stand in the registry of the NT
system, and are not looked at here.
"""

from collections.abc import Sequence
from string import ascii_uppercase
from typing import Final

from ntscan.sources.volumes.partition_table import Partition

#: PARTITION_FAT_12, PARTITION_FAT_16, PARTITION_HUGE and PARTITION_IFS (ntdddisk.h).
_RECOGNIZED: Final = (0x01, 0x04, 0x06, 0x07)
#: PARTITION_NTFT marks a member of a fault-tolerant set; VALID_NTFT are the bits it may set.
PARTITION_NTFT: Final = 0x80
_VALID_NTFT: Final = 0xC0
_LETTERS: Final = tuple(f"{letter}:" for letter in ascii_uppercase[2:])


def is_fault_tolerant(type_code: int) -> bool:
    """Say whether the type is a FAT or NTFS one with NT's fault tolerance marked on it."""
    return bool(type_code & PARTITION_NTFT) and type_code & ~_VALID_NTFT in _RECOGNIZED


def assign_letters(partitions: Sequence[Partition]) -> tuple[str | None, ...]:
    """Return the letter of each partition, in the order given."""
    recognized = [index for index, found in enumerate(partitions) if _is_recognized(found)]
    primary = [index for index in recognized if not partitions[index].is_logical]
    logical = [index for index in recognized if partitions[index].is_logical]
    active = [index for index in primary if partitions[index].is_active]
    first = (active or primary)[:1]
    remaining = [index for index in primary if index not in first]
    letters = dict(zip((*first, *logical, *remaining), _LETTERS, strict=False))
    return tuple(letters.get(index) for index in range(len(partitions)))


def _is_recognized(partition: Partition) -> bool:
    return partition.type_code in _RECOGNIZED or is_fault_tolerant(partition.type_code)
