"""The file that an audit appends to: each line whole and on the disk before the next is begun."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ntscan.auditing.frames import write_all
from ntscan.auditing.job import Job
from ntscan.auditing.journal_reading import read_journal
from ntscan.errors import UsageError
from ntscan.reporting.ndjson import encode_line
from ntscan.reporting.report import TargetLine


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
        os.ftruncate(descriptor, read_journal(path, job, seen))
        _keep_name(path)
        yield Journal(file, path)


def _lock(file: BinaryIO, path: Path) -> None:
    import fcntl  # noqa: PLC0415  Windows has none, and is refused before

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UsageError(f"{path}: another audit is writing it; wait for its end") from error
    except OSError:
        return  # A file system without locks: the user keeps two audits apart.


def _keep_name(path: Path) -> None:
    """Write a new file's name to the disk too, where its folder takes that."""
    with suppress(OSError):
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
