"""One volume opened by the Sleuth Kit: its folders listed, its files read, its errors told."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from threading import RLock
from typing import Final

import pytsk3

from ntscan.errors import SourceError
from ntscan.sources.containers.disk_bytes import DiskBytes
from ntscan.sources.volumes.boot_sector import BootSector, FileSystemKind
from ntscan.sources.volumes.fat_folder import begins_folder, count_entries, ends_chain
from ntscan.sources.volumes.nt4_compression import read_compressed
from ntscan.sources.volumes.ntfs_folder import FolderIndex
from ntscan.sources.volumes.sleuthkit.item import Item, is_allocated, is_listed, item_of
from ntscan.sources.volumes.sleuthkit.runs import runs_with_nt4_holes
from ntscan.sources.volumes.sleuthkit.window import Window
from ntscan.sources.volumes.zone import zone_of_utc

_TYPES: Final = {
    FileSystemKind.FAT12: pytsk3.TSK_FS_TYPE_FAT12,
    FileSystemKind.FAT16: pytsk3.TSK_FS_TYPE_FAT16,
    FileSystemKind.NTFS: pytsk3.TSK_FS_TYPE_NTFS,
}
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


class OpenedVolume:
    """A volume opened read-only; every method raises SourceError."""

    def __init__(self, disk: DiskBytes, offset: int, length: int, boot: BootSector) -> None:
        self._image = Window(disk, offset, min(length, disk.size - offset))
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
                if not is_listed(name, meta):
                    continue
                if is_allocated(meta) and (meta is not None or not self._is_stale(name)):
                    found.append(item_of(name, meta))
                else:
                    old.append(item_of(name, None))
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
            runs = runs_with_nt4_holes(file) if self._is_ntfs else ()
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


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
