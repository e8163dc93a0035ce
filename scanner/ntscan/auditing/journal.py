"""The file that an audit appends to: each line whole and on the disk before the next is begun."""

import itertools
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from ntscan.auditing.frames import write_all
from ntscan.auditing.job import Job
from ntscan.composer import shown_options
from ntscan.errors import ReportError, UsageError
from ntscan.reporting.ndjson import LINE_BEGINS, decode_line, encode_line
from ntscan.reporting.report import TargetLine
from ntscan.vocabulary import SCHEMA_VERSION

#: Bytes of the longest line that is read back; the longest that is written is shorter.
LONGEST_LINE: Final = 64 * 1024 * 1024


class Journal:
    """An open journal: it is locked while it is open, and only ever grows by whole lines."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file = file
        self._path = path

    def append(self, line: TargetLine) -> None:
        """Write a line to the disk; raises UsageError, and leaves no part of it, where that fails.

        An interruption leaves no part of it either.
        """
        descriptor = self._file.fileno()
        end = os.lseek(descriptor, 0, os.SEEK_END)
        try:
            write_all(descriptor, encode_line(line))
            os.fsync(descriptor)
        except BaseException as error:
            with suppress(OSError):
                os.ftruncate(descriptor, end)
            if isinstance(error, OSError):
                raise UsageError(
                    f"{self._path}: cannot be written: {error.strerror}; what stands in it is "
                    "whole, and the audit goes on with --resume"
                ) from error
            raise


@contextmanager
def open_journal(
    path: Path, job: Job, *, resume: bool, seen: Callable[[TargetLine], None]
) -> Iterator[Journal]:
    """Open a journal; with ``resume``, hand each line that stands in it to ``seen`` first.

    A last line that is torn, as by a power failure, is cut off. Raises UsageError where the file
    cannot be written, is no journal, belongs to an audit with other rules or options, or, without
    ``resume``, is not empty.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UsageError(f"{path}: is no regular file; name a file, or leave -o out")
        if status.st_size and not resume:
            raise UsageError(f"{path}: is there already; go on with --resume, or name another file")
        _lock(file, path)
        os.ftruncate(descriptor, _read(path, job, seen))
        yield Journal(file, path)


def _lock(file: BinaryIO, path: Path) -> None:
    import fcntl  # noqa: PLC0415  Windows has none, and is refused before

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UsageError(f"{path}: another audit is writing it; wait for its end") from error
    except OSError:
        return  # A file system without locks: the user keeps two audits apart.


def _read(path: Path, job: Job, seen: Callable[[TargetLine], None]) -> int:
    """Hand over every whole line; return the offset at which the last of them ends."""
    end = 0
    with path.open("rb") as file:
        for number in itertools.count(1):
            data = file.readline(LONGEST_LINE)
            if not data:
                break
            where = f"{path}:{number}"
            try:
                line = _whole(data)
            except ReportError as error:
                if file.read(1) or not _is_torn(data):
                    raise UsageError(f"{where}: {error}; name the file of an audit") from error
                break
            _refuse_other(line, job, where)
            seen(line)
            end += len(data)
    return end


def _whole(data: bytes) -> TargetLine:
    if not data.endswith(b"\n"):
        raise ReportError("is no line of an ntscan audit: it has no end")
    return decode_line(data)


def _is_torn(data: bytes) -> bool:
    """Say whether a last line could be one of ours cut short; a file system can leave zeros."""
    return data.startswith((LINE_BEGINS[: len(data)], b"\0"))


def _refuse_other(line: TargetLine, job: Job, where: str) -> None:
    """Refuse a line of an audit that could have found something else."""
    pairs = (
        ("schema version", line.schema_version, SCHEMA_VERSION),
        ("rules", line.rules.digest, job.rules.digest),
        ("options", line.run.options, shown_options(job.options)),
    )
    for what, there, here in pairs:
        if there != here:
            raise UsageError(
                f"{where}: was written with other {what} ({there}, and not {here}); audit with "
                "the same, or write to another file"
            )
