"""The volumes of one disk as types: those that are read, and those that are refused by name."""

from msgspec import Struct


class Volume(Struct, frozen=True, kw_only=True):
    """A run of sectors that begins with a boot sector of FAT12, FAT16 or NTFS.

    ``number`` is the n of an ARC path's ``partition(n)``: NT counts the primary partitions that
    are neither empty nor extended, in the order of the table, then the logical drives in the order
    of their chain; a bare volume is 1. ``offset`` and ``length`` are bytes, the length as the table
    or the boot sector tells it; ``is_cut_off`` says that the image ends before the volume does.
    ``type_code`` is the byte in the partition table, ``None`` where no table told.

    ``letter`` is NT's default for a machine with this one disk (letters.py); ``None`` for a type
    that NT 4.0 gives no letter, such as a hidden partition or a vendor's diagnostics.
    """

    number: int
    offset: int
    length: int
    type_code: int | None
    is_active: bool
    is_logical: bool
    is_cut_off: bool
    letter: str | None


class RefusedVolume(Struct, frozen=True, kw_only=True):
    """A partition that is not read: ``message`` is a sentence that says why and what to do.

    ``may_hold_nt`` says that a system of NT 4.0 can be there all the same.
    """

    number: int
    offset: int
    type_code: int | None
    message: str
    may_hold_nt: bool


class VolumeTable(Struct, frozen=True, kw_only=True):
    """What one disk holds, ordered by number; ``note`` is what a person must know of the table."""

    volumes: tuple[Volume, ...]
    refused: tuple[RefusedVolume, ...]
    note: str | None
