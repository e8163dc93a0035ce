"""From a field of a rule to the line of its file, so that a refusal points at the place."""

import tomllib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import TypeAlias

#: Where a field stands: table names and keys as strings, places in arrays as integers.
FieldPath: TypeAlias = tuple[str | int, ...]


def line_of(text: str, field: FieldPath) -> int:
    """Return the number of the line, from 1, on which a field of a valid TOML text is complete.

    That is the end of the shortest run of lines, from the first, that already holds the field.
    """
    lines = text.split("\n")
    counts = range(1, len(lines) + 1)
    before = bisect_left(counts, x=True, key=lambda count: _holds(_parse(lines[:count]), field))
    return min(before + 1, len(lines))


def dotted(field: FieldPath) -> str:
    """Write a field as ``fixed_builds[1].size``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in field)[1:]


def _parse(lines: list[str]) -> object:
    """Parse the longest run of these lines that is valid: the last may lie inside a value."""
    while lines:
        try:
            return tomllib.loads("\n".join(lines))
        except ValueError:
            lines = lines[:-1]
    return {}


def _holds(value: object, field: FieldPath) -> bool:
    for part in field:
        match value, part:
            case Mapping(), str() if part in value:
                value = value[part]
            case Sequence(), int() if part < len(value):
                value = value[part]
            case _:
                return False
    return True
