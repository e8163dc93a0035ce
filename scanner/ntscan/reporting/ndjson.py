"""NDJSON: one target a line, with what a report says once beside it."""

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec.structs import asdict

from ntscan.errors import ReportError
from ntscan.reporting.report import Report, TargetLine

#: What every line begins with; a torn one holds at least a part of it.
LINE_BEGINS: Final = b'{"target":'


def target_lines(report: Report) -> Iterator[TargetLine]:
    """Yield each target of a report as a line of its own."""
    for entry in report.targets:
        yield TargetLine(
            **asdict(entry),
            schema_version=report.schema_version,
            tool=report.tool,
            rules=report.rules,
            run=report.run,
        )


def encode_line(line: TargetLine) -> bytes:
    """Write a line with the line break at its end."""
    return msgspec.json.encode(line) + b"\n"


def decode_line(data: bytes) -> TargetLine:
    """Read a line, with or without its line break; raises ReportError where it is none."""
    try:
        return msgspec.json.decode(data, type=TargetLine)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ReportError(f"is no line of an ntscan audit: {error}") from error
