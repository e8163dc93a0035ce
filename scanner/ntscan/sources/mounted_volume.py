"""One volume of a disk image: its folders and files by their places, and by NT's paths."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from ntscan.errors import SourceError
from ntscan.sources.description import VolumeDescription
from ntscan.sources.source import Blocked, Entry
from ntscan.sources.volumes.file_system import FileSystem, Node

#: NT's longest path has 260 characters, so at most half as many folders; deeper is a loop.
DEEPEST_FOLDER: Final = 130
#: More folders and files than a volume of Windows NT 4.0 held; a walk ends there, and says so.
MOST_ENTRIES: Final = 1_000_000

Names = tuple[str, ...]


class Found(Struct, frozen=True, kw_only=True):
    """A folder or file with the names that lead to it, in the letters of the disk."""

    names: Names
    node: Node


class MountedVolume:
    """A volume whose file system is read; ``key`` begins the place of all that lies on it."""

    def __init__(self, file_system: FileSystem, description: VolumeDescription) -> None:
        self.file_system: Final = file_system
        self.description: Final = description
        self.key: Final = f"partition{description.partition}"
        self._root = description.letter or f"[partition {description.partition}]"

    def find(self, place: Names) -> Found | None:
        """Follow names from the root, long or 8.3, whatever their case.

        Raises SourceError where a folder on the way cannot be read.
        """
        found = Found(names=(), node=self.file_system.root)
        for name in place:
            child = self.file_system.child(found.node, name) if found.node.is_folder else None
            if child is None:
                return None
            found = Found(names=(*found.names, child.name), node=child)
        return found

    def list_folder(self, place: Names) -> Iterator[Entry | Blocked]:
        """Yield a folder and what lies directly in it, at places below the one that was asked for.

        A path may name a folder by its 8.3 name; what is found there is told by its long one. A
        file that has an 8.3 name beside a long one is yielded at both places.
        """
        try:
            folder = self.find(place)
        except SourceError as error:
            yield self._blocked(place, place, str(error))
            return
        if folder is None or not folder.node.is_folder:
            return
        below = list(self._below(folder))
        if not any(isinstance(found, str) for found in below):
            yield self._entry(folder.names, place, is_folder=True)
        for found in below:
            if isinstance(found, str):
                yield self._blocked(folder.names, place, found)
            else:
                yield from self._entries(found, place)

    def walk(self) -> Iterator[Entry | Blocked]:
        """Yield every folder and file, each folder's own before those of the folders below it."""
        folders = [Found(names=(), node=self.file_system.root)]
        walked = set[int]()
        seen = 0
        while folders:
            folder = folders.pop()
            place = _lower(folder.names)
            is_endless = len(place) > DEEPEST_FOLDER or seen > MOST_ENTRIES
            if is_endless or folder.node.inode in walked:
                yield self._blocked(folder.names, place, _ENDLESS if is_endless else _MET_BEFORE)
                continue
            walked.add(folder.node.inode)
            yield self._entry(folder.names, place, is_folder=True)
            below = []
            for found in self._below(folder):
                seen += 1
                if isinstance(found, str):
                    yield self._blocked(folder.names, place, found)
                elif found.node.is_folder:
                    below.append(found)
                else:
                    yield from self._entries(found, place)
            folders.extend(reversed(below))

    def root(self) -> Entry:
        """Return the root folder."""
        return self._entry((), (), is_folder=True)

    def _below(self, folder: Found) -> Iterator[Found | str]:
        """Yield what lies in a folder, or the sentence that says why it cannot be listed."""
        try:
            children = self.file_system.children(folder.node)
        except SourceError as error:
            yield str(error)
            return
        for child in children:
            yield Found(names=(*folder.names, child.name), node=child)

    def _entries(self, found: Found, above: Names) -> Iterator[Entry]:
        node = found.node
        names = [node.name.lower()]
        if node.short_name and not node.is_folder:
            names.append(node.short_name.lower())
        for name in dict.fromkeys(names):
            yield self._entry(found.names, (*above, name), is_folder=node.is_folder)

    def _entry(self, names: Names, place: Names, *, is_folder: bool) -> Entry:
        return Entry(path=self._path(names), place=(self.key, *place), is_folder=is_folder)

    def _blocked(self, names: Names, place: Names, message: str) -> Blocked:
        return Blocked(
            path=self._path(names), place=(self.key, *place), message=message, leads_on=True
        )

    def _path(self, names: Names) -> str:
        return "\\".join((self._root, *names)) if names else f"{self._root}\\"


def _lower(names: Names) -> Names:
    return tuple(name.lower() for name in names)


_MET_BEFORE: Final = (
    "is a folder that was met before at another place; the file system is damaged, so that it was "
    "not looked into again"
)
_ENDLESS: Final = (
    "lies deeper, or among more files, than Windows NT can have made; the file system is damaged, "
    "so that what lies beyond was not looked at"
)
