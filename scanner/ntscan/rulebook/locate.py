"""From a field of a rule to the line of its file, so that a refusal points at the place."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct

#: Where a field stands: table names and keys as strings, places in arrays as integers.
FieldPath: TypeAlias = tuple[str | int, ...]

# What decides where a statement of TOML ends: strings and comments, which hide the other two, and
# brackets and line breaks. Possessive, so that no text is gone through twice.
_TOKEN: Final = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+"{3,5}'
    r"|'''(?:[^']|'(?!''))*+'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*+"'
    r"|'[^'\n]*+'"
    r"|#[^\n]*+"
    r"|[\[{]|[\]}]|\n",
    re.DOTALL,
)


class Statement(Struct, frozen=True):
    """One statement of a TOML text: the line it ends on, the table it stands in, what it says.

    The header of a table says nothing; its ``table`` is the one that it begins.
    """

    line: int
    table: FieldPath
    value: Mapping[str, object]

    def holds(self, field: FieldPath) -> bool:
        """Say whether the field is complete with this statement."""
        if len(field) <= len(self.table):
            return self.table[: len(field)] == field
        return self.table == field[: len(self.table)] and _holds(
            self.value, field[len(self.table) :]
        )


def read_statements(text: str) -> tuple[Statement, ...]:
    """Split a valid TOML text into its statements, each with the table that it stands in."""
    statements = []
    table: FieldPath = ()
    arrays: dict[FieldPath, int] = {}
    for line, written in _split(text):
        value = tomllib.loads(written)
        if written.lstrip().startswith("["):
            table, value = _begin_table(value, arrays), {}
        statements.append(Statement(line, table, value))
    return tuple(statements)


def line_of(statements: Sequence[Statement], field: FieldPath) -> int:
    """Return the number of the line, from 1, on which a field is complete; else of the last."""
    found = (statement.line for statement in statements if statement.holds(field))
    return next(found, statements[-1].line)


def dotted(field: FieldPath) -> str:
    """Write a field as ``fixed_builds[1].size``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in field)[1:]


def _split(text: str) -> Iterator[tuple[int, str]]:
    """Yield each statement, and each line without one, with the number of its last line."""
    start, line, depth = 0, 1, 0
    for token in _TOKEN.finditer(text):
        match token[0][0]:
            case "[" | "{":
                depth += 1
            case "]" | "}":
                depth -= 1
            case "\n" if depth == 0:
                yield line, text[start : token.start()]
                start = token.end()
            case _:
                pass
        line += token[0].count("\n")
    yield line, text[start:]


def _begin_table(header: Mapping[str, object], arrays: dict[FieldPath, int]) -> FieldPath:
    """Return the table that a header begins; ``arrays`` counts the tables of each array so far."""
    table: FieldPath = ()
    value: object = header
    while isinstance(value, Mapping) and value:
        ((name, value),) = value.items()
        table = (*table, name)
        if isinstance(value, list):  # [[name]]
            arrays[table] = arrays.get(table, 0) + 1
        if table in arrays:
            table = (*table, arrays[table] - 1)
    return table


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
