"""Reading one file of the machine that ntscan runs on, without following or executing anything."""

import os
import stat
from datetime import UTC, datetime

from ntscan.errors import SourceError
from ntscan.sources.source import FileContent
from ntscan.vocabulary import ModificationTimeKind

# A link swapped in after the walk is not followed, and a FIFO does not block; neither flag
# exists on Windows, which has neither hazard here. O_BINARY exists only there.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)


def read_host_file(path: str, limit: int, *, follow_link: bool = False) -> FileContent:
    """Read a regular file of at most ``limit`` bytes; its modification time is UTC.

    ``follow_link`` is for a path that the user named. Raises SourceError, whose message is a
    sentence without the path.
    """
    descriptor = _open(path, follow_link=follow_link)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        _refuse_irregular(status.st_mode)
        if status.st_size > limit:
            raise SourceError(
                f"holds {status.st_size:,} bytes, more than the {limit:,} that are read of a file "
                "of this kind; no such file of Windows NT 4.0 is as large"
            )
        try:
            data = file.read(limit + 1)
        except OSError as error:
            raise SourceError(f"cannot be read: {error.strerror}") from error
    return FileContent(
        data=data[:limit],
        modified=_utc(status.st_mtime_ns),
        modified_kind=ModificationTimeKind.UTC,
    )


def read_host_file_head(path: str, length: int) -> bytes:
    """Read up to ``length`` bytes from the start of a regular file; raises SourceError."""
    descriptor = _open(path, follow_link=False)
    with os.fdopen(descriptor, "rb") as file:
        _refuse_irregular(os.fstat(descriptor).st_mode)
        try:
            return file.read(length)
        except OSError as error:
            raise SourceError(f"cannot be read: {error.strerror}") from error


def _open(path: str, *, follow_link: bool) -> int:
    flags = _FLAGS & ~getattr(os, "O_NOFOLLOW", 0) if follow_link else _FLAGS
    try:
        return os.open(path, flags)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SourceError(f"cannot be opened: {reason}; make it readable and scan again") from error


def _refuse_irregular(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise SourceError("is a folder where a file should be; look inside it by hand")
    if not stat.S_ISREG(mode):
        raise SourceError("is no regular file (a device, pipe or socket), and is not read")


def _utc(nanoseconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
