"""What stands in the file of an audit that was interrupted: whole lines of ours, or a refusal."""

import itertools
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from ntscan.asking import shown_options
from ntscan.auditing.job import Job
from ntscan.errors import ReportError, UsageError
from ntscan.reporting.ndjson import LINE_BEGINS, decode_line
from ntscan.reporting.report import Options, TargetLine
from ntscan.version import VERSION
from ntscan.vocabulary import SCHEMA_VERSION

#: Bytes of the longest line that is read back; the longest that is written is shorter.
LONGEST_LINE: Final = 64 * 1024 * 1024


def read_journal(path: Path, job: Job, seen: Callable[[TargetLine], None]) -> int:
    """Hand over every whole line; return the offset at which the last of them ends.

    Raises UsageError where the file is no journal, or one of an audit with other rules or options.
    """
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
                if file.read(1) or not _is_torn(data, after=end):
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


def _is_torn(data: bytes, *, after: int) -> bool:
    """Say whether a last line could be one of ours cut short, ``after`` so many bytes of others.

    A file system can leave zeros in its place. Zeros alone are taken for a blank disk: nothing
    tells them from evidence.
    """
    if data.startswith(b"\0"):
        return after > 0
    return data.startswith(LINE_BEGINS[: len(data)]) and not _is_json(data)


def _is_json(data: bytes) -> bool:
    """Say whether a line is whole, and then of another program; one of ours lacks its end."""
    try:
        decode_line(data)
    except ReportError:
        with suppress(ValueError, RecursionError):
            json.loads(data)
            return True
    return False


def _refuse_other(line: TargetLine, job: Job, where: str) -> None:
    """Refuse a line of an audit that could have found something else."""
    there, here = line.run.options, shown_options(job.options)
    pairs = [
        ("schema version", line.schema_version, SCHEMA_VERSION),
        ("version of ntscan", line.tool.version, VERSION),
        ("rules", line.rules.digest, job.rules.digest),
        *(
            (f"options, {field}", getattr(there, field), getattr(here, field))
            for field in Options.__struct_fields__
        ),
    ]
    for what, written, asked in pairs:
        if written != asked:
            raise UsageError(
                f"{where}: was written with other {what} ({_shown(written)}, and not "
                f"{_shown(asked)}); audit with the same, or write to another file"
            )


def _shown(value: object) -> str:
    """Return a value as the line has it."""
    return value if isinstance(value, str) else json.dumps(value)
