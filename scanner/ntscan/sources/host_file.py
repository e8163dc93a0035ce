"""Reading one file of the machine that ntscan runs on, without following or executing anything."""

import errno
import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from ntscan.errors import SourceError
from ntscan.sources.source import FileContent
from ntscan.vocabulary import ModificationTimeKind

# A link or FIFO swapped in after the file was looked at is not followed and does not block, and a
# terminal does not take ntscan over; none of these flags exists on Windows, which has none of
# these hazards. O_BINARY exists only there.
_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)
#: How a link is refused whose target is not there, or is the link again.
_LEADS_NOWHERE: Final = (errno.ENOENT, errno.ELOOP)


def host_place(path: Path) -> tuple[str, ...]:
    """Return the parts of an absolute path in lower case, for a path as the user wrote it."""
    absolute = os.path.abspath(path)  # noqa: PTH100  resolve() follows links; the name given counts
    return tuple(part.lower() for part in Path(absolute).parts)


def read_host_file(path: str, limit: int, *, follow_link: bool = False) -> FileContent:
    """Read a regular file of at most ``limit`` bytes; its modification time is UTC.

    ``follow_link`` is for a path that the user named. Raises SourceError, whose message is a
    sentence without the path.
    """
    with open_host_file(path, follow_link=follow_link) as file:
        status = os.fstat(file.fileno())
        _refuse_larger(status.st_size, limit)
        data = _read(file, status.st_size + 1)
        if len(data) > status.st_size:  # It grows, or lies about its size as /proc does.
            data += _read(file, limit + 1 - len(data))
            _refuse_larger(len(data), limit)
    return FileContent(
        data=data,
        modified=_utc(status.st_mtime_ns),
        modified_kind=ModificationTimeKind.UTC,
    )


def read_host_file_head(path: str, length: int, *, follow_link: bool = False) -> bytes:
    """Read up to ``length`` bytes from the start of a regular file; raises SourceError."""
    with open_host_file(path, follow_link=follow_link) as file:
        return _read(file, length)


def open_host_file(path: str, *, follow_link: bool = False, is_buffered: bool = True) -> BinaryIO:
    """Open a regular file; a device is not opened, since that alone can set it to work.

    Without a buffer, a read may return less than there is. Raises SourceError.
    """
    flags = _FLAGS & ~getattr(os, "O_NOFOLLOW", 0) if follow_link else _FLAGS
    try:
        _refuse_irregular(Path(path).stat(follow_symlinks=follow_link).st_mode)
        descriptor = os.open(path, flags)
    except (OSError, ValueError) as error:
        raise SourceError(_why_not_opened(path, error, follow_link=follow_link)) from error
    file = os.fdopen(descriptor, "rb", -1 if is_buffered else 0)
    try:
        _refuse_irregular(os.fstat(descriptor).st_mode)
    except SourceError:
        file.close()
        raise
    return file


def _why_not_opened(path: str, error: OSError | ValueError, *, follow_link: bool) -> str:
    if not isinstance(error, OSError):
        return f"cannot be opened: {error}; check the path"
    if follow_link and error.errno in _LEADS_NOWHERE and os.path.islink(path):  # noqa: PTH114  a plain path
        return "is a link that leads nowhere; give the file itself"
    return f"cannot be opened: {error.strerror}; make it readable and scan again"


def _read(file: BinaryIO, length: int) -> bytes:
    try:
        return file.read(length)
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}; copy it again") from error


def _refuse_irregular(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise SourceError("is a folder where a file should be; look inside it by hand")
    if stat.S_ISLNK(mode):
        raise SourceError("is a symbolic link, and links are not followed; scan what it leads to")
    if not stat.S_ISREG(mode):
        raise SourceError("is no regular file (a device, pipe or socket), and is not read")


def _refuse_larger(size: int, limit: int) -> None:
    if size > limit:
        raise SourceError(
            f"holds {size:,} bytes or more, and at most {limit:,} are read of a file of this "
            "kind; no such file of Windows NT 4.0 is as large"
        )


def _utc(nanoseconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
