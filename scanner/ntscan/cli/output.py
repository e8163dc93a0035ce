"""Where results go: standard output, or a file that is written whole or not at all."""

import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Final, TextIO

from ntscan.errors import SourceError, UsageError
from ntscan.sources.host_file import read_host_file_head
from ntscan.sources.image_files import image_of

#: What a file begins with that no report replaces: a DOS header, the base block of a hive.
_EVIDENCE: Final = ((b"MZ", "a program"), (b"regf", "a registry hive"))
_LONGEST_SIGNATURE: Final = max(len(signature) for signature, _ in _EVIDENCE)


def write_output(text: str, file: Path | None, *, encoding: str = "utf-8") -> None:
    """Write a result; what the encoding of a terminal lacks is written by its number.

    Raises UsageError where it cannot be written.
    """
    data = text.encode(encoding, "backslashreplace")
    if file is None:
        _print(data)
        return
    try:
        _refuse_irregular(file)
        # A link stays a link: what it leads to is replaced.
        _replace(Path(os.path.realpath(file)), data)
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror}") from error


def _refuse_irregular(file: Path) -> None:
    """Refuse what is there and is no file; raises OSError where that cannot be known."""
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(file.stat().st_mode):
            raise UsageError(f"{file}: is no regular file; name another")


def write_page(draw: Callable[[TextIO], str], file: Path | None) -> None:
    """Draw a page for what will show it, the terminal or a file, and write it there.

    Raises UsageError where it cannot be written.
    """
    stream = sys.stdout if file is None and sys.stdout is not None else StringIO()
    write_output(draw(stream), file, encoding=getattr(stream, "encoding", None) or "utf-8")


def refuse_to_overwrite(file: Path | None, targets: Iterable[str] = ()) -> None:
    """Refuse an output file that is there already and is, or lies in, what is scanned.

    One that could be evidence is refused too, whatever is scanned: a disk image or a part of one, a
    program, a registry hive. Raises UsageError.
    """
    # What cannot be looked at cannot be written either: that is said where it is written.
    if file is None or not os.path.exists(file):  # noqa: PTH110  Path.exists raises there
        return
    # Path.resolve raises where a link leads to itself.
    output = Path(os.path.realpath(file))
    for target in targets:
        scanned = Path(os.path.realpath(target))
        if output == scanned or scanned in output.parents:
            raise UsageError(f"{file}: is among what is scanned, and that is never changed")
    if kind := _kind_of_evidence(str(output)):
        raise UsageError(f"{file}: is {kind}, and that is never changed; name another file")


def _kind_of_evidence(file: str) -> str | None:
    try:
        if image_of(file) is not None:
            return "a disk image, or a part of one"
        begins = read_host_file_head(file, _LONGEST_SIGNATURE)
    except SourceError:  # It cannot be read; whether it can be written is seen later.
        return None
    return next((kind for signature, kind in _EVIDENCE if begins.startswith(signature)), None)


def print_whole(data: bytes) -> None:
    """Write a line to standard output and flush it.

    Raises BrokenPipeError where who reads has gone, and UsageError where it cannot be written.
    """
    if sys.stdout is None:
        raise UsageError("standard output is closed; open it, or name a file with -o")
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError as error:
        # Python must not flush into the pipe again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise BrokenPipeError("who reads standard output has gone") from error
    except OSError as error:
        raise UsageError(f"standard output cannot be written: {error.strerror}") from error


def _print(data: bytes) -> None:
    """Print; where who reads has gone, the exit code still says what was found."""
    with suppress(BrokenPipeError):
        print_whole(data)


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
