"""A folder of the machine that ntscan runs on, with everything below it."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ntscan.sources.host_file import host_place, open_host_file, read_host_file, read_host_file_head
from ntscan.sources.image_files import is_named_as_image
from ntscan.sources.source import Blocked, Entry, FileContent, Source
from ntscan.vocabulary import Stage, TargetKind


class DirectorySource(Source):
    """A directory tree; links are never followed, only named, so that nothing leads out of it."""

    kind = TargetKind.DIRECTORY

    def __init__(self, path: Path, target: str) -> None:
        self.target = target
        self._path = path
        self._root = Path(os.path.realpath(path))

    def walk(self) -> Iterator[Entry | Blocked]:
        """Yield each folder, then its files by name, then the folders below it."""
        folders = [Entry(path=str(self._path), place=host_place(self._path), is_folder=True)]
        while folders:
            folder = folders.pop()
            yield folder
            below = []
            for found in self._children(folder.path, folder.place):
                if isinstance(found, Entry) and found.is_folder:
                    below.append(found)
                else:
                    yield found
            folders.extend(reversed(below))
        yield from self._hives_beside()

    def _hives_beside(self) -> Iterator[Entry | Blocked]:
        r"""Yield the files of ``..\config``, where the tree is a ``system32\drivers``."""
        place = host_place(self._path)
        if place[-2:] != ("system32", "drivers"):
            return
        above = os.path.abspath(os.path.join(self._path, ".."))  # noqa: PTH100, PTH118  see host_place
        for found in self._children(above, place[:-1]):
            is_config = found.place[-1] == "config"
            if isinstance(found, Entry) and found.is_folder and is_config:
                yield from self._children(found.path, found.place)
            elif is_config or found.place == place[:-1]:  # It, or what holds it, is no way in.
                yield found

    def _children(self, folder: str, place: tuple[str, ...]) -> Iterator[Entry | Blocked]:
        """Yield what lies in a folder, by name."""
        try:
            with os.scandir(folder) as listing:
                children = sorted(listing, key=lambda child: child.name)
        except OSError as error:
            yield _unreadable(folder, place, f"cannot be listed: {error.strerror}")
            return
        for child in children:
            yield self._look_at(child, (*place, child.name.lower()))

    def _look_at(self, child: os.DirEntry[str], place: tuple[str, ...]) -> Entry | Blocked:
        try:
            if child.is_symlink() or _is_junction(child):
                leads_on = self._leads_out(child.path)
                return Blocked(path=child.path, place=place, message=_LINK, leads_on=leads_on)
            is_folder = child.is_dir(follow_symlinks=False)
        except OSError as error:
            return _unreadable(child.path, place, f"cannot be looked at: {error.strerror}")
        if not is_folder and is_named_as_image(child.name):
            return Blocked(
                path=child.path, place=place, message=_IMAGE, leads_on=False, stage=Stage.OPEN
            )
        return Entry(path=child.path, place=place, is_folder=is_folder)

    def _leads_out(self, link: str) -> bool:
        """Say whether a link leads to a folder outside the tree, which the walk will not see."""
        target = Path(os.path.realpath(link))
        if target == self._root or self._root in target.parents:
            return False
        try:
            return stat.S_ISDIR(target.stat().st_mode)
        except PermissionError:
            return True  # Nobody can tell, so it is said.
        except OSError:
            return False  # It leads nowhere.

    def read(self, entry: Entry, limit: int) -> FileContent:
        """Read a whole file; see Source.read."""
        return read_host_file(entry.path, limit)

    def open(self, entry: Entry) -> BinaryIO:
        """Open a file; see Source.open."""
        return open_host_file(entry.path)

    def read_head(self, entry: Entry, length: int) -> bytes:
        """Read the start of a file; see Source.read_head."""
        return read_host_file_head(entry.path, length)


def _is_junction(child: os.DirEntry[str]) -> bool:
    """Say whether a folder is a junction of NTFS, which Python can ask from 3.12 on."""
    is_junction = getattr(child, "is_junction", None)
    return is_junction is not None and bool(is_junction())


def _unreadable(path: str, place: tuple[str, ...], what: str) -> Blocked:
    message = f"{what}; make it readable and scan again"
    return Blocked(path=path, place=place, message=message, leads_on=True)


_IMAGE = (
    "is a disk image by its name, and images in a folder are not opened; name it, or scan the "
    "folder with `ntscan audit`"
)
_LINK = "is a symbolic link, and links are not followed; scan the place it leads to by itself"
