"""The interface of every source: a read-only, case-insensitive tree of NT files."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from ntscan.vocabulary import ModificationTimeKind, TargetKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file or folder: ``path`` as a person would find it, ``place`` for comparing.

    ``place`` is the absolute path's parts in lower case, since NT compares names without case.
    """

    path: str
    place: tuple[str, ...]
    is_folder: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """A place in the tree that the source does not enter, and the sentence that says why.

    ``leads_on`` says that other files could be found beyond it.
    """

    path: str
    place: tuple[str, ...]
    message: str
    leads_on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FileContent:
    """The bytes of a file with its modification time (see ``modified_kind`` for the zone)."""

    data: bytes
    modified: datetime | None
    modified_kind: ModificationTimeKind | None


class Source(ABC):
    """A tree that is only ever read; nothing outside its root is reached through it."""

    #: The path as the user gave it, and what it is.
    target: str
    kind: TargetKind

    @abstractmethod
    def walk(self) -> Iterator[Entry | Blocked]:
        """Yield the root and everything below it, in a repeatable order."""

    @abstractmethod
    def read(self, entry: Entry, limit: int) -> FileContent:
        """Read a whole file of at most ``limit`` bytes.

        Raises SourceError where the file is larger, is no regular file, or cannot be read.
        """

    @abstractmethod
    def open(self, entry: Entry) -> BinaryIO:
        """Open a file to be read here and there; the caller closes it. Raises SourceError."""

    @abstractmethod
    def read_head(self, entry: Entry, length: int) -> bytes:
        """Read up to ``length`` bytes from the start of a file; raises SourceError."""
