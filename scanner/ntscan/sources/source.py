"""The interface of every source: a read-only, case-insensitive tree of NT files."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import datetime
from types import TracebackType
from typing import BinaryIO, Final, Self

from msgspec import Struct

from ntscan.sources.description import ImageDescription, VolumeDescription
from ntscan.vocabulary import ModificationTimeKind, Stage, TargetKind

#: No driver of Windows NT 4.0 is as large as this many bytes; a larger file is not read.
LARGEST_DRIVER: Final = 16 * 1024 * 1024


class Entry(Struct, frozen=True, kw_only=True):
    """A file or folder: ``path`` as a person would find it, ``place`` for comparing.

    ``place`` is the absolute path's parts in lower case, since NT compares names without case.
    """

    path: str
    place: tuple[str, ...]
    is_folder: bool


class Blocked(Struct, frozen=True, kw_only=True):
    """A place in the tree that the source does not enter, and the sentence that says why.

    ``leads_on`` says that other files could be found beyond it; ``stage`` is where the scan was
    when it met it.
    """

    path: str
    place: tuple[str, ...]
    message: str
    leads_on: bool
    stage: Stage = Stage.WALK


class FileContent(Struct, frozen=True, kw_only=True):
    """The bytes of a file with its modification time, which has a zone where it is UTC."""

    data: bytes
    modified: datetime | None
    modified_kind: ModificationTimeKind | None


class Source(ABC):
    """A tree that is only ever read; nothing outside its root is reached through it.

    A context manager: what it reads from is opened when it is entered, which raises SourceError.
    """

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

    @property
    def image(self) -> ImageDescription | None:
        """The disk image that the tree lies in; ``None`` where it lies in none."""
        return None

    def volume_of(self, place: tuple[str, ...]) -> VolumeDescription | None:  # noqa: ARG002  none has one here
        """Return the volume of the image that a place lies on."""
        return None

    def __enter__(self) -> Self:
        """Return the source, open."""
        return self

    def __exit__(  # noqa: B027  most sources open nothing that must be closed
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let go of what was opened."""


class DirectSource(Source):
    """A source of which single places can be asked for, so that nobody has to walk it."""

    #: Whether the user asked for everything to be walked all the same.
    thorough: bool

    @abstractmethod
    def volumes(self) -> Iterator[Entry | Blocked]:
        """Yield the root folder of each volume, in the order of the disk."""

    @abstractmethod
    def list_folder(self, place: tuple[str, ...]) -> Iterator[Entry | Blocked]:
        """Yield a folder and what lies directly in it, by name; nothing where there is none."""
