"""Where results go: standard output, or a file that is written whole or not at all."""

import os
import sys
import tempfile
from pathlib import Path

from ntscan.errors import UsageError


def write_output(text: str, file: Path | None, *, encoding: str = "utf-8") -> None:
    """Write a result; what the encoding of a terminal lacks is written by its number.

    Raises UsageError where the file cannot be written.
    """
    data = text.encode(encoding, "backslashreplace")
    if file is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        _replace(file, data)
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror}") from error


def _replace(file: Path, data: bytes) -> None:
    """Write beside the file and rename, so that a reader never meets half of a report."""
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as temporary:
            temporary.write(data)
        # mkstemp makes a file that only its owner reads; a report is as open as any other file.
        os.umask(mask := os.umask(0o077))
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(file)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
