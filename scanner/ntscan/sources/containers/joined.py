"""A disk that lies in several pieces, one behind the other."""

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from ntscan.sources.containers.disk_bytes import DiskBytes
from ntscan.sources.containers.host_files import HostFiles
from ntscan.vocabulary import ContainerFormat


class Piece(ABC):
    """A stretch of a disk; ``size`` is in bytes."""

    size: int

    @abstractmethod
    def read(self, offset: int, length: int) -> bytes:
        """Read exactly ``length`` bytes of the piece; raises SourceError."""


class FilePiece(Piece):
    """A stretch of a disk that lies as it is in a file, from byte ``start`` on."""

    def __init__(self, files: HostFiles, number: int, start: int, size: int) -> None:
        self.size = size
        self._files = files
        self._number = number
        self._start = start

    def read(self, offset: int, length: int) -> bytes:
        """Read exactly ``length`` bytes of the piece; raises SourceError."""
        return self._files.read(self._number, self._start + offset, length)


class ZeroPiece(Piece):
    """A stretch of a disk that was never written, and has no file."""

    def __init__(self, size: int) -> None:
        self.size = size

    def read(self, offset: int, length: int) -> bytes:  # noqa: ARG002  zeros everywhere
        """Return zeros."""
        return bytes(length)


class JoinedDisk(DiskBytes):
    """The bytes of a disk in pieces, one behind the other."""

    def __init__(
        self, container: ContainerFormat, files: HostFiles, pieces: Sequence[Piece]
    ) -> None:
        self.format = container
        self.files = files.paths
        self._host_files = files
        self._pieces = tuple(piece for piece in pieces if piece.size)
        self._ends = tuple(accumulate(piece.size for piece in self._pieces))
        self.size = self._ends[-1] if self._ends else 0

    def read_at(self, offset: int, length: int) -> bytes:
        """Read bytes of the disk: fewer only where it ends; raises SourceError."""
        asked = self._on_disk(offset, length)
        read = []
        at = asked.start
        while at < asked.stop:
            number = bisect_right(self._ends, at)
            end = min(self._ends[number], asked.stop)
            piece = self._pieces[number]
            read.append(piece.read(at - (self._ends[number] - piece.size), end - at))
            at = end
        return b"".join(read)

    def close(self) -> None:
        """Let go of the files."""
        self._host_files.close()
