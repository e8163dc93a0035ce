"""The files of one volume, FAT12, FAT16 or NTFS, looked up by name and read."""

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import BinaryIO, Final

from msgspec import Struct

from ntscan.errors import SourceError
from ntscan.sources.containers.disk_bytes import DiskBytes
from ntscan.sources.volumes.boot_sector import SECTOR, FileSystemKind, read_boot_sector
from ntscan.sources.volumes.node_bytes import NodeBytes
from ntscan.sources.volumes.sleuthkit.item import Item
from ntscan.sources.volumes.sleuthkit.opened_volume import OpenedVolume
from ntscan.sources.volumes.volume import Volume
from ntscan.vocabulary import ModificationTimeKind

_VOLUME_RECORD: Final = 3
_VOLUME_INFORMATION: Final = 0x70
#: NTFS keeps its first records to itself; NT lists none of the files in them.
_FIRST_USER_RECORD: Final = 16
#: Bytes read at once of a file that is opened: whoever reads a hive looks at each 4 KB of it.
_BUFFER: Final = 256 * 1024
_LISTINGS_KEPT: Final = 64
_1970: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Node(Struct, frozen=True, kw_only=True):
    """A file or folder on a volume; ``size`` in bytes, ``inode`` its number on that volume.

    ``modified`` is UTC on NTFS; on FAT it is wall clock, written as if it were UTC, and
    ``modified_kind`` says which. ``damage`` says why it cannot be read, where that is known.
    """

    name: str
    short_name: str
    inode: int
    is_folder: bool
    size: int
    modified: datetime | None
    modified_kind: ModificationTimeKind | None
    damage: str | None = None


class _Listing(Struct, frozen=True):
    """What lies in a folder: in order, and by its names in upper case, of which a long one wins.

    ``ambiguous`` are those that two files bear: POSIX programs, or damage, can make them. A folder
    holds thousands of files of which few are asked for, so that only those are made nodes.
    """

    items: tuple[Item, ...]
    by_name: Mapping[str, Item]
    ambiguous: frozenset[str]


class FileSystem:
    """A volume opened read-only; ``name`` is such as ``NTFS 1.2``, ``FAT16``.

    ``serial_number`` is the volume's, as NT shows it for FAT and in full for NTFS; two halves of a
    mirror have the same. Raises SourceError where the volume's first sector is no boot sector of
    these, or the structures behind it are damaged.
    """

    def __init__(self, disk: DiskBytes, volume: Volume) -> None:
        boot = read_boot_sector(disk.read_at(volume.offset, SECTOR))
        if boot is None:
            raise SourceError(
                "the volume does not begin with a boot sector of FAT12, FAT16 or NTFS; "
                "restore it from its copy and scan again"
            )
        self.serial_number = boot.serial_number
        self._kind = boot.kind
        self._opened = OpenedVolume(disk, volume.offset, volume.length, boot)
        self._listings: dict[int, _Listing] = {}
        self.name = self._ntfs_name() if boot.kind is FileSystemKind.NTFS else str(boot.kind)
        self.root = Node(
            name="",
            short_name="",
            inode=self._opened.root,
            is_folder=True,
            size=0,
            modified=None,
            modified_kind=None,
        )

    def children(self, folder: Node) -> tuple[Node, ...]:
        """Return what lies in a folder, by name; no deleted entry. Raises SourceError."""
        return tuple(self._node(item) for item in self._listing(folder).items)

    def child(self, folder: Node, name: str) -> Node | None:
        """Return what a folder holds under a name, long or 8.3, without regard to case.

        Raises SourceError where two names differ by case alone.
        """
        listing = self._listing(folder)
        if name.upper() in listing.ambiguous:
            raise SourceError(
                f"in its folder two names are {name} but for their case, and NT cannot tell which "
                "is meant; look at both by hand"
            )
        item = listing.by_name.get(name.upper())
        return None if item is None else self._node(item)

    def _listing(self, folder: Node) -> _Listing:
        if not folder.is_folder:
            raise SourceError("is a file where a folder should be")
        if folder.damage is not None:
            raise SourceError(f"the folder cannot be listed: {folder.damage}")
        listing = self._listings.get(folder.inode)
        if listing is None:
            items = self._opened.entries(folder.inode)
            listing = _listing([item for item in items if not self._is_own(item)])
            if len(self._listings) >= _LISTINGS_KEPT:
                del self._listings[next(iter(self._listings))]
            self._listings[folder.inode] = listing
        return listing

    def read(self, file: Node, limit: int) -> bytes:
        """Read a whole file of at most ``limit`` bytes; raises SourceError."""
        if file.size > limit:
            raise SourceError(
                f"holds {file.size:,} bytes, and at most {limit:,} are read of a file of this "
                "kind; no such file of Windows NT 4.0 is as large"
            )
        return self.read_at(file, 0, file.size)

    def read_head(self, file: Node, length: int) -> bytes:
        """Read up to ``length`` bytes from the start of a file; raises SourceError."""
        return self.read_at(file, 0, min(length, file.size))

    def open(self, file: Node) -> BinaryIO:
        """Open a file to be read here and there; its reads raise SourceError."""
        if file.is_folder or file.damage is not None:
            self.read_at(file, 0, 0)
        content = NodeBytes(lambda o, n: self.read_at(file, o, n), file.size)
        return io.BufferedReader(content, _BUFFER)

    def read_at(self, file: Node, offset: int, length: int) -> bytes:
        """Read bytes of a file that lie within its size, all of them; raises SourceError."""
        if file.is_folder:
            raise SourceError("is a folder where a file should be; look inside it by hand")
        if file.damage is not None:
            raise SourceError(file.damage)
        data = self._opened.read(file.inode, offset, length)
        if len(data) < length:
            raise SourceError(
                f"ends after {offset + len(data):,} of its {file.size:,} bytes: its cluster chain "
                "is broken; take the file from a backup of the machine"
            )
        return data

    def _ntfs_name(self) -> str:
        """Name NTFS with the version in VOLUME_INFORMATION: 1.2 is NT 4.0's, 3.1 XP's."""
        information = self._opened.attribute(_VOLUME_RECORD, _VOLUME_INFORMATION)
        if len(information) < 10:  # noqa: PLR2004  eight reserved bytes, then the version
            raise SourceError("the volume's version cannot be read: $VOLUME_INFORMATION is cut off")
        return f"NTFS {information[8]}.{information[9]}"

    def _is_own(self, item: Item) -> bool:
        return self._kind is FileSystemKind.NTFS and item.inode < _FIRST_USER_RECORD

    def _node(self, item: Item) -> Node:
        is_ntfs = self._kind is FileSystemKind.NTFS
        kind = ModificationTimeKind.UTC if is_ntfs else ModificationTimeKind.WALL_CLOCK
        is_dated = item.has_record and item.modified
        return Node(
            name=item.name,
            short_name=item.short_name,
            inode=item.inode,
            is_folder=item.is_folder,
            size=item.size,
            modified=_since_1970(item.modified) if is_dated else None,
            modified_kind=kind if is_dated else None,
            damage=None if item.has_record else _NO_RECORD,
        )


def _listing(items: Sequence[Item]) -> _Listing:
    ordered = tuple(sorted(items, key=_order))
    by_name = {item.short_name.upper(): item for item in reversed(ordered) if item.short_name}
    by_name |= {item.name.upper(): item for item in reversed(ordered)}
    pairs = pairwise(ordered)
    ambiguous = {one.name.upper() for one, other in pairs if one.name.upper() == other.name.upper()}
    return _Listing(ordered, by_name, frozenset(ambiguous))


def _order(item: Item) -> tuple[str, str, int]:
    return item.name.upper(), item.name, item.inode


def _since_1970(seconds: int) -> datetime | None:
    try:
        return _1970 + timedelta(seconds=seconds)
    except OverflowError:
        return None


_NO_RECORD: Final = "its file record cannot be read; take the file from a backup of the machine"
