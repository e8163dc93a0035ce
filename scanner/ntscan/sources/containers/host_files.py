"""The host files of one container, read by offset; bytes that are not there are an error."""

import os
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

from ntscan.errors import SourceError
from ntscan.sources.host_file import open_host_file

#: Files that one container holds open at a time. A disk can lie in thousands of segments, and a
#: process may have 1,024 files open, or 256.
OPEN_LIMIT: Final = 32


class HostFiles:
    """Regular files, told apart by their number; opened when they are read.

    ``follow_links`` is for paths that the user named. Every method but ``close`` raises
    SourceError, whose sentence names the file where there are several.
    """

    def __init__(self, paths: Sequence[Path], *, follow_links: bool = True) -> None:
        self.paths = tuple(str(path) for path in paths)
        self._follow_links = follow_links
        self._open: OrderedDict[int, BinaryIO] = OrderedDict()
        try:
            self.sizes = tuple(self._measure(number) for number in range(len(paths)))
        except SourceError:
            self.close()
            raise

    def name(self, number: int) -> str:
        """Return a file's name without its folder."""
        return Path(self.paths[number]).name

    def read(self, number: int, offset: int, length: int) -> bytes:
        """Read exactly ``length`` bytes."""
        data = self.read_up_to(number, offset, length)
        if len(data) < length:
            raise SourceError(
                f"{self._subject(number)}is truncated: {length:,} bytes should be at "
                f"{offset:,}, and it ends after {offset + len(data):,}; copy it again"
                if data
                else f"{self._subject(number)}is truncated or damaged: {length:,} bytes should "
                f"be at {offset:,}, and it holds {self.sizes[number]:,}; copy it again"
            )
        return data

    def read_up_to(self, number: int, offset: int, length: int) -> bytes:
        """Read ``length`` bytes, or fewer where the file ends."""
        if offset >= self.sizes[number]:  # An offset from the file can be beyond what can be sought
            return b""
        file = self._file(number)
        try:
            file.seek(offset)
            return _read(file, min(length, self.sizes[number] - offset))
        except OSError as error:
            raise SourceError(
                f"{self._subject(number)}cannot be read: {error.strerror}; copy it again"
            ) from error

    def close(self) -> None:
        """Let go of the files."""
        while self._open:
            self._open.popitem()[1].close()

    def _measure(self, number: int) -> int:
        return os.fstat(self._file(number).fileno()).st_size

    def _file(self, number: int) -> BinaryIO:
        if number in self._open:
            self._open.move_to_end(number)
            return self._open[number]
        try:
            # A buffer would read 8 KB for each sector that is looked at somewhere else.
            file = open_host_file(
                self.paths[number], follow_link=self._follow_links, is_buffered=False
            )
        except SourceError as error:
            raise SourceError(f"{self._subject(number)}{error}") from error
        self._open[number] = file
        if len(self._open) > OPEN_LIMIT:
            self._open.popitem(last=False)[1].close()
        return file

    def _subject(self, number: int) -> str:
        """Return what begins a sentence about a file: nothing where the container is that file."""
        return f"its file {self.name(number)} " if number else ""


def _read(file: BinaryIO, length: int) -> bytes:
    """Read all that is there, since one call may return less."""
    data = file.read(length)
    while len(data) < length and (more := file.read(length - len(data))):
        data += more
    return data


class LibraryFile:
    """One of the files as a library of the libyal family reads it.

    An exception loses its words inside the library; ``refusal`` keeps them.
    """

    def __init__(self, files: HostFiles, number: int = 0) -> None:
        self._files = files
        self._number = number
        self._at = 0
        self.refusal: str | None = None

    def read(self, size: int) -> bytes:
        """Read from the current place; raises SourceError where the file ends before."""
        try:
            data = self._files.read(self._number, self._at, size)
        except SourceError as error:
            self.refusal = str(error)
            raise
        self._at += size
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a place in the file."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.get_size()}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        """Return the current place."""
        return self._at

    def get_size(self) -> int:
        """Return the file's size in bytes."""
        return self._files.sizes[self._number]
