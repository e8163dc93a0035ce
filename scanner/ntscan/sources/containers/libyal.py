"""The edge of the libyal libraries (libewf, libvhdi, libvmdk): what they raise, in a sentence."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Protocol

from ntscan.errors import SourceError
from ntscan.sources.containers.host_files import LibraryFile

# Their Python bindings raise all of these for a damaged file; none has an exception of its own.
_RAISED: Final = (OSError, SystemError, RuntimeError, MemoryError, OverflowError, ValueError)


class LibraryHandle(Protocol):
    """An open container as each of the libraries offers it."""

    def read_buffer_at_offset(self, size: int, offset: int, /) -> bytes:
        """Read up to ``size`` bytes."""

    def close(self) -> object:
        """Let go of the container."""


@contextmanager
def library_errors(library: str, files: Sequence[LibraryFile]) -> Iterator[None]:
    """Turn what a library raises into SourceError; what a file refused comes first."""
    try:
        yield
    except (*_RAISED, SourceError) as error:
        for file in files:
            if file.refusal is not None:
                raise SourceError(file.refusal) from error
        raise SourceError(
            f"is damaged, or of a kind that {library} does not read ({_reason(error)}); "
            "copy it again, or convert it to a raw image"
        ) from error


def read_with(
    library: str, handle: LibraryHandle, files: Sequence[LibraryFile], offset: int, length: int
) -> bytes:
    """Read exactly ``length`` bytes through a library; raises SourceError."""
    with library_errors(library, files):
        data = handle.read_buffer_at_offset(length, offset)
    if len(data) < length:
        raise SourceError(
            f"is damaged: {library} reads {len(data):,} of {length:,} bytes at {offset:,}; "
            "copy it again"
        )
    return data


def _reason(error: BaseException) -> str:
    """Return the innermost cause from ``binding: what. innermost: cause. outer: cause.``."""
    if isinstance(error, MemoryError):
        return "it asks for too much memory"
    sentences = str(error).rstrip(".").split(". ")
    return sentences[min(1, len(sentences) - 1)].partition(": ")[2] or type(error).__name__
