"""A folder of the machine that ntscan runs on, with everything below it."""

import os
from collections.abc import Iterator
from pathlib import Path

from ntscan.sources.host_file import read_host_file, read_host_file_head
from ntscan.sources.source import Blocked, Entry, FileContent, Source
from ntscan.vocabulary import TargetKind


class DirectorySource(Source):
    """A directory tree; links are never followed, only named, so that nothing leads out of it."""

    kind = TargetKind.DIRECTORY

    def __init__(self, path: Path, target: str) -> None:
        self.target = target
        self._path = path
        self._root = Path(os.path.realpath(path))

    def walk(self) -> Iterator[Entry | Blocked]:
        """Yield each folder, then its files by name, then the folders below it."""
        root = str(self._path)
        place = tuple(part.lower() for part in self._path.absolute().parts)
        folders: list[tuple[str, tuple[str, ...]]] = [(root, place)]
        while folders:
            folder, place = folders.pop()
            yield Entry(path=folder, place=place, is_folder=True)
            try:
                children = sorted(os.scandir(folder), key=lambda child: child.name)
            except OSError as error:
                reason = f"cannot be listed: {error.strerror}; make it readable and scan again"
                yield Blocked(path=folder, place=place, message=reason, leads_on=True)
                continue
            below = []
            for child in children:
                child_place = (*place, child.name.lower())
                if child.is_symlink() or _is_junction(child):
                    yield self._blocked(child, child_place)
                elif child.is_dir(follow_symlinks=False):
                    below.append((child.path, child_place))
                else:
                    yield Entry(path=child.path, place=child_place, is_folder=False)
            folders.extend(reversed(below))

    def _blocked(self, link: os.DirEntry[str], place: tuple[str, ...]) -> Blocked:
        """Describe a link; one that stays in the tree leads to nothing that the walk will miss."""
        leads_out = link.is_dir() and self._root not in Path(os.path.realpath(link.path)).parents
        return Blocked(path=link.path, place=place, message=_LINK, leads_on=leads_out)

    def read(self, entry: Entry, limit: int) -> FileContent:
        """Read a whole file; see Source.read."""
        return read_host_file(entry.path, limit)

    def read_head(self, entry: Entry, length: int) -> bytes:
        """Read the start of a file; see Source.read_head."""
        return read_host_file_head(entry.path, length)


def _is_junction(child: os.DirEntry[str]) -> bool:
    """Say whether a folder is a junction of NTFS, which Python can ask from 3.12 on."""
    is_junction = getattr(child, "is_junction", None)
    return is_junction is not None and bool(is_junction())


_LINK = "is a symbolic link, and links are not followed; scan the place it leads to by itself"
