"""The interface of every container: the bytes of one disk, read-only, by their offset."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from msgspec import Struct

from ntscan.vocabulary import ContainerFormat


class StoredHash(Struct, frozen=True, kw_only=True):
    """A digest of the whole disk that the container itself carries: ``md5`` or ``sha1``, in hex."""

    algorithm: str
    digest: str


class DiskBytes(ABC):
    """The bytes of a disk; a context manager. ``size`` is in bytes.

    ``files`` are the paths of every host file that is read, first the one that stands for the
    image: the first part, or the descriptor.
    """

    format: ContainerFormat
    size: int
    files: tuple[str, ...]
    stored_hashes: tuple[StoredHash, ...] = ()

    @abstractmethod
    def read_at(self, offset: int, length: int) -> bytes:
        """Read bytes of the disk: fewer only where it ends.

        Raises SourceError, a sentence without the path, where they cannot be read.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of the files."""

    def __enter__(self) -> Self:
        """Return the open container."""
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let go of the files."""
        self.close()

    def _on_disk(self, offset: int, length: int) -> range:
        """Return the offsets asked for that lie on the disk."""
        return range(max(offset, 0), max(min(offset + length, self.size), 0))

    def _cut_by_unit(self, offset: int, length: int, unit: int) -> Iterator[tuple[int, int, int]]:
        """Cut what is asked for at the container's units of so many bytes.

        Yield the number of each unit, how many of its bytes to skip, and how many to read.
        """
        asked = self._on_disk(offset, length)
        at = asked.start
        while at < asked.stop:
            number, skipped = divmod(at, unit)
            count = min(unit - skipped, asked.stop - at)
            yield number, skipped, count
            at += count
