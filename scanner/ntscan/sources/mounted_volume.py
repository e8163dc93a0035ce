"""One volume of a disk image: its folders and files by their places, and by NT's paths."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ntscan.errors import SourceError
from ntscan.sources.description import VolumeDescription
from ntscan.sources.source import Blocked, Entry
from ntscan.sources.volumes.file_system import FileSystem, Node

#: NT's longest path has 260 characters, so at most half as many folders; deeper is a loop.
DEEPEST_FOLDER: Final = 130
#: More folders and files than a volume of Windows NT 4.0 held; a walk ends there, and says so.
MOST_ENTRIES: Final = 1_000_000
_FOLDERS_REMEMBERED: Final = 64

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
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
        self._listed: dict[Names, tuple[Node, ...]] = {}

    def find(self, place: Names) -> Found | None:
        """Follow lower-case names from the root; raises SourceError where one is unreadable."""
        found = Found(names=(), node=self.file_system.root)
        for depth, name in enumerate(place):
            if not found.node.is_folder:
                return None
            children = self._children(place[:depth], found.node)
            child = next((child for child in children if child.name.lower() == name), None)
            if child is None:
                return None
            found = Found(names=(*found.names, child.name), node=child)
        return found

    def contents(self, folder: Found) -> Iterator[Entry | Blocked]:
        """Yield what lies directly in a folder, by name."""
        for found in self._below(folder):
            if isinstance(found, Blocked):
                yield found
            else:
                yield self.entry(found.names, is_folder=found.node.is_folder)

    def walk(self) -> Iterator[Entry | Blocked]:
        """Yield every folder and file, each folder's own before those of the folders below it."""
        folders = [Found(names=(), node=self.file_system.root)]
        seen = 0
        while folders:
            folder = folders.pop()
            if len(folder.names) > DEEPEST_FOLDER or seen > MOST_ENTRIES:
                yield self.blocked(folder.names, _ENDLESS)
                continue
            yield self.entry(folder.names, is_folder=True)
            below = []
            for found in self._below(folder):
                seen += 1
                if isinstance(found, Blocked):
                    yield found
                elif found.node.is_folder:
                    below.append(found)
                else:
                    yield self.entry(found.names, is_folder=False)
            folders.extend(reversed(below))

    def entry(self, names: Names, *, is_folder: bool) -> Entry:
        """Name a folder or file on this volume."""
        return Entry(path=self._path(names), place=self._place(names), is_folder=is_folder)

    def blocked(self, names: Names, message: str) -> Blocked:
        """Name a place on this volume that cannot be entered."""
        return Blocked(
            path=self._path(names), place=self._place(names), message=message, leads_on=True
        )

    def _below(self, folder: Found) -> Iterator[Found | Blocked]:
        try:
            children = self._children(self._place(folder.names)[1:], folder.node)
        except SourceError as error:
            yield self.blocked(folder.names, str(error))
            return
        for child in children:
            yield Found(names=(*folder.names, child.name), node=child)

    def _children(self, place: Names, folder: Node) -> tuple[Node, ...]:
        """List a folder; the latest are remembered, since many places lie in few folders."""
        if place not in self._listed:
            if len(self._listed) >= _FOLDERS_REMEMBERED:
                self._listed.clear()
            children = self.file_system.children(folder)
            self._listed[place] = tuple(sorted(children, key=lambda child: child.name))
        return self._listed[place]

    def _path(self, names: Names) -> str:
        return "\\".join((self._root, *names)) if names else f"{self._root}\\"

    def _place(self, names: Names) -> Names:
        return (self.key, *(name.lower() for name in names))


_ENDLESS: Final = (
    "lies deeper, or among more files, than Windows NT can have made; the file system is damaged, "
    "so that what lies beyond was not looked at"
)
