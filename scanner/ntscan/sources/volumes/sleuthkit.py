"""The Sleuth Kit's file systems; the only module that knows pytsk3.

What the library does that a caller must know, and what is done about it here:

- Left to find out the file system by itself, it looks for each that it knows, all over the image
  (half of a 40 MB one); it is told.
- It turns FAT's wall clock into seconds since 1970 by the zone of this machine; the zone is UTC
  while it reads FAT.
- It lists deleted entries, what was left in blocks that an NTFS index gave back, FAT's volume label
  and files of its own; passed on is only what is allocated, by name and by record. A name that an
  index has in use, and whose record is free or another file's, is damage, and passed on as such.
- It raises OSError, RuntimeError and SystemError, and may hold back an error of the image; every
  call ends in SourceError or in what was asked for.
- It reads a file whose FAT chain loops or ends early as a shorter one, and lists one whose NTFS
  record is damaged as empty; such a file is opened by itself, and that fails.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from threading import RLock
from typing import Final, NamedTuple

import pytsk3

from ntscan.errors import SourceError
from ntscan.sources.containers.disk_bytes import DiskBytes
from ntscan.sources.volumes.boot_sector import BootSector, FileSystemKind
from ntscan.sources.volumes.fat_folder import begins_folder, count_entries, ends_chain
from ntscan.sources.volumes.nt4_compression import NO_CLUSTER, ClusterRun, read_compressed
from ntscan.sources.volumes.ntfs_folder import FolderIndex
from ntscan.sources.volumes.zone import zone_of_utc

_TYPES: Final = {
    FileSystemKind.FAT12: pytsk3.TSK_FS_TYPE_FAT12,
    FileSystemKind.FAT16: pytsk3.TSK_FS_TYPE_FAT16,
    FileSystemKind.NTFS: pytsk3.TSK_FS_TYPE_NTFS,
}
_LABEL: Final = b" (Volume Label Entry)"
_INVENTED: Final = (pytsk3.TSK_FS_NAME_TYPE_VIRT, pytsk3.TSK_FS_NAME_TYPE_VIRT_DIR)
#: More than a folder of NT's can hold on FAT (65,536 entries), and than one of its own does.
MOST_ENTRIES: Final = 100_000
#: Bytes of one attribute that is not a file's data: an index of some 500,000 names.
MOST_METADATA: Final = 64 << 20
_RAISED: Final = (OSError, RuntimeError, SystemError, ValueError)
_FILE_NAME: Final = 0x30
#: $INDEX_ROOT, $INDEX_ALLOCATION and $BITMAP.
_INDEX: Final = (0x90, 0xA0, 0xB0)
#: Of NTFS 3.x; in 1.2 it was meant for symbolic links, and never used.
_REPARSE_POINT: Final = 0xC0
#: FILE_NAME: the number of the folder's record in six bytes, and where the name begins.
_REFERENCE: Final = 6
_NAME_AT: Final = 0x42
_ONE_AT_A_TIME: Final = RLock()


class Item(NamedTuple):
    """An allocated entry of a folder; ``size`` in bytes, ``modified`` in seconds since 1970.

    ``modified`` is of wall clock on FAT, of UTC on NTFS. ``has_record`` is false where the record
    that the entry names cannot be read, and with it nothing but the name is known.
    """

    name: str
    short_name: str
    inode: int
    is_folder: bool
    size: int
    modified: int
    has_record: bool


class Library:
    """One volume opened by the library; every method raises SourceError."""

    def __init__(self, disk: DiskBytes, offset: int, length: int, boot: BootSector) -> None:
        self._image = _Window(disk, offset, min(length, disk.size - offset))
        self._boot = boot
        self._is_ntfs = boot.kind is FileSystemKind.NTFS
        with self._call("the volume cannot be opened"):
            self._volume = pytsk3.FS_Info(self._image, offset=0, type=_TYPES[boot.kind])
            self._cluster = int(self._volume.info.block_size)
            self.root = int(self._volume.info.root_inum)

    def entries(self, inode: int) -> tuple[Item, ...]:
        """List the allocated entries of a folder, in the folder's own order."""
        found: list[Item] = []
        old: list[Item] = []
        with self._call("the folder cannot be listed"):
            for count, entry in enumerate(self._volume.open_dir(inode=inode)):
                if count >= MOST_ENTRIES:
                    raise SourceError(f"the folder has more than {MOST_ENTRIES:,} entries")
                name, meta = entry.info.name, entry.info.meta
                if not _is_listed(name, meta):
                    continue
                if _is_allocated(meta) and (meta is not None or not self._is_stale(name)):
                    found.append(_item(name, meta))
                else:
                    old.append(_item(name, None))
            if not self._is_ntfs:
                self._check_fat_folder(inode, len(found))
                return tuple(found)
            index = self._index(inode)
            if index.has_free_blocks():
                found = [item for item in found if self._is_named(item, inode)]
            if old:
                in_use = index.names()
                found += [item for item in old if (item.inode, item.name) in in_use]
        return tuple(found)

    def _check_fat_folder(self, inode: int, listed: int) -> None:
        """Raise SourceError where a folder's bytes name more than was listed, or end too early."""
        folder = self._volume.open_meta(inode)
        size = int(folder.info.meta.size)
        content = folder.read_random(0, min(size, MOST_METADATA)) if size else b""
        count = count_entries(content)
        if count != listed:
            raise SourceError(f"the folder is damaged: of {count} entries {listed} make sense")
        if inode == self.root:
            return
        if not begins_folder(content):
            raise SourceError("the folder is damaged: it does not begin as a folder does")
        sectors = [run.addr + run.len - 1 for data in folder for run in data]
        if not sectors or not ends_chain(self._boot, sectors[-1], self._image.read):
            raise SourceError("the folder is damaged: its cluster chain is broken")

    def _is_stale(self, name: "pytsk3.TSK_FS_NAME") -> bool:
        """Say whether the record of a name is there, but was given to another file since."""
        try:
            self._volume.open_meta(int(name.meta_addr))
        except _RAISED:
            return False
        return True

    def _index(self, folder: int) -> FolderIndex:
        """Read the index of an NTFS folder; raises SourceError where it leads elsewhere."""
        parts = dict(self._attributes(folder, (*_INDEX, _REPARSE_POINT)))
        if _REPARSE_POINT in parts:
            raise SourceError(
                "the folder is a junction or mount point, which Windows NT 4.0 does not follow; "
                "look at what it leads to by hand"
            )
        root, blocks, bitmap = (parts.get(kind, b"") for kind in _INDEX)
        return FolderIndex(root=root, blocks=blocks, bitmap=bitmap)

    def _is_named(self, item: Item, folder: int) -> bool:
        """Say whether an NTFS file's own record bears the name that a folder has for it."""
        name = item.name.encode("utf-16-le", "surrogatepass")
        return not item.has_record or any(
            content[_NAME_AT:] == name
            and content[:_REFERENCE] == folder.to_bytes(_REFERENCE, "little")
            for _, content in self._attributes(item.inode, (_FILE_NAME,))
        )

    def _attributes(self, inode: int, wanted: tuple[int, ...]) -> Iterator[tuple[int, bytes]]:
        """Yield the type and content of attributes of an NTFS file record."""
        file = self._volume.open_meta(inode)
        for attribute in file:
            kind, size = int(attribute.info.type), int(attribute.info.size)
            if kind not in wanted or not size:
                continue
            if size > MOST_METADATA:
                raise SourceError(f"a part of the file record claims {size:,} bytes")
            number = int(attribute.info.id)
            yield kind, bytes(file.read_random(0, size, attribute.info.type, number))

    def read(self, inode: int, offset: int, length: int) -> bytes:
        """Read bytes of a file's unnamed data; fewer where its clusters end."""
        with self._call("the file cannot be read"):
            file = self._volume.open_meta(inode)
            runs = _runs_with_nt4_holes(file) if self._is_ntfs else ()
            if not length:
                return b""
            if runs:
                end = min(offset + length, int(file.info.meta.size))
                wanted = range(offset, max(offset, end))
                return read_compressed(runs, self._cluster, wanted, self._read_clusters)
            return bytes(file.read_random(offset, length))

    def _read_clusters(self, lcn: int, count: int) -> bytes:
        data = self._image.read(lcn * self._cluster, count * self._cluster)
        if len(data) < count * self._cluster:
            raise ValueError("a run leads out of the volume")
        return data

    def attribute(self, inode: int, attribute_type: int) -> bytes:
        """Read the first attribute of a type of an NTFS file record."""
        with self._call("the file record cannot be read"):
            for _, content in self._attributes(inode, (attribute_type,)):
                return content
        raise SourceError(f"the file record has no attribute of type {attribute_type:#x}")

    @contextmanager
    def _call(self, failure: str) -> Iterator[None]:
        """Run calls of the library; an error of the image wins over what was made of it."""
        with _ONE_AT_A_TIME, nullcontext() if self._is_ntfs else zone_of_utc():
            try:
                yield
            except SourceError:
                raise
            except _RAISED as error:
                reason = self._image.take_failure() or f"it is damaged ({_first_line(error)})"
                raise SourceError(f"{failure}: {reason}") from error
            hidden = self._image.take_failure()
            if hidden is not None:
                raise SourceError(f"{failure}: {hidden}")


class _Window(pytsk3.Img_Info):  # type: ignore[misc]  # pytsk3 has no types
    """A volume's bytes as the library asks for them: nothing before it, nothing behind it."""

    def __init__(self, disk: DiskBytes, offset: int, length: int) -> None:
        self._disk, self._offset, self._length = disk, offset, length
        self._failure: str | None = None
        super().__init__(url="", type=pytsk3.TSK_IMG_TYPE_EXTERNAL)

    def read(self, offset: int, size: int) -> bytes:
        """Read for the library, which may hide what is raised here."""
        wanted = max(0, min(size, self._length - offset))
        try:
            data = self._disk.read_at(self._offset + offset, wanted)
        except SourceError as error:
            self._failure = str(error)
            raise OSError(self._failure) from error
        if len(data) < wanted:
            self._failure = "the image ends too early"
            raise OSError(self._failure)
        return data

    def get_size(self) -> int:
        """Return the volume's length in bytes, less what the image lacks."""
        return self._length

    def take_failure(self) -> str | None:
        """Return what failed since this was last asked."""
        failure, self._failure = self._failure, None
        return failure


def _is_listed(name: "pytsk3.TSK_FS_NAME", meta: "pytsk3.TSK_FS_META") -> bool:
    """Say whether the entry is allocated, and of NT's making."""
    spelled = None if name is None else name.name
    if spelled in (b".", b"..", None) or name.type in _INVENTED:
        return False
    if spelled.endswith(_LABEL) and meta is not None and not int(meta.size):
        return False
    return bool(int(name.flags) & pytsk3.TSK_FS_NAME_FLAG_ALLOC)


def _is_allocated(meta: "pytsk3.TSK_FS_META") -> bool:
    return meta is None or bool(int(meta.flags) & pytsk3.TSK_FS_META_FLAG_ALLOC)


def _item(name: "pytsk3.TSK_FS_NAME", meta: "pytsk3.TSK_FS_META") -> Item:
    has_record = meta is not None
    return Item(
        name=name.name.decode(errors="replace"),
        short_name=(name.shrt_name or b"").decode(errors="replace"),
        inode=int(name.meta_addr),
        is_folder=(
            meta.type == pytsk3.TSK_FS_META_TYPE_DIR
            if has_record
            else name.type == pytsk3.TSK_FS_NAME_TYPE_DIR
        ),
        size=int(meta.size) if has_record else 0,
        modified=int(meta.mtime) if has_record else 0,
        has_record=has_record,
    )


def _runs_with_nt4_holes(file: "pytsk3.File") -> tuple[ClusterRun, ...]:
    """Return the runs of compressed data, where there is a hole that the library does not know."""
    for data in file:
        if data.info.type != pytsk3.TSK_FS_ATTR_TYPE_NTFS_DATA or data.info.name:
            continue
        if not int(data.info.flags) & pytsk3.TSK_FS_ATTR_COMP:
            return ()
        runs = tuple(_run(run) for run in data)
        return runs if any(run.addr == NO_CLUSTER for run in data) else ()
    raise ValueError("its record has no $DATA")


def _run(run: "pytsk3.TSK_FS_ATTR_RUN") -> ClusterRun:
    is_hole = run.addr == NO_CLUSTER or int(run.flags) & pytsk3.TSK_FS_ATTR_RUN_FLAG_SPARSE
    return ClusterRun(
        vcn=int(run.offset), length=int(run.len), lcn=None if is_hole else int(run.addr)
    )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
