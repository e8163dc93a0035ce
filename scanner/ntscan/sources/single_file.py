"""One file that the user named, by itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ntscan.sources.host_file import host_place, open_host_file, read_host_file, read_host_file_head
from ntscan.sources.source import Entry, FileContent, Source
from ntscan.vocabulary import TargetKind


class SingleFileSource(Source):
    """A file outside any tree; a link is followed here, since the user named it."""

    kind = TargetKind.FILE

    def __init__(self, path: Path, target: str) -> None:
        self.target = target
        self._path = path

    def walk(self) -> Iterator[Entry]:
        """Yield the one file."""
        yield Entry(path=str(self._path), place=host_place(self._path), is_folder=False)

    def read(self, entry: Entry, limit: int) -> FileContent:
        """Read a whole file; see Source.read."""
        return read_host_file(entry.path, limit, follow_link=True)

    def open(self, entry: Entry) -> BinaryIO:
        """Open a file; see Source.open."""
        return open_host_file(entry.path, follow_link=True)

    def read_head(self, entry: Entry, length: int) -> bytes:
        """Read the start of a file; see Source.read_head."""
        return read_host_file_head(entry.path, length, follow_link=True)
