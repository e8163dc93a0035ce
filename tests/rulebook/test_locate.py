"""A field is found at the line on which it is complete."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from ntscan.rulebook.locate import FieldPath, dotted, line_of, read_statements

_RULE: Final = (Path(__file__).parent / "samples" / "Q242896.toml").read_text("utf-8")

_TRICKY: Final = (
    '''\
a = 1 # ] " a comment
b = """
[not.a.table]
""""
c = [
  "]", # [
  { d = '}' },
]
[[x.y]]
z = 1
[[x.y]]
"z.1" = '\\'
[[x.y.w]]
v.u = [[1], [2]]
["q]".r]
s = '''
    "'''\n''''"
)


def _fields(value: object, field: FieldPath = ()) -> Iterator[FieldPath]:
    if field:
        yield field
    match value:
        case Mapping():
            for name, member in value.items():
                yield from _fields(member, (*field, name))
        case list():
            for index, member in enumerate(value):
                yield from _fields(member, (*field, index))
        case _:
            pass


def _lines_by_definition(text: str) -> dict[FieldPath, int]:
    """Say on which line each field is complete: the first after which the text holds it."""
    lines = text.split("\n")
    found: dict[FieldPath, int] = {}
    for count in range(1, len(lines) + 1):
        try:
            value = tomllib.loads("\n".join(lines[:count]))
        except ValueError:
            continue
        for field in _fields(value):
            found.setdefault(field, count)
    return found


@pytest.mark.parametrize("text", [_RULE, _TRICKY], ids=["a rule", "a tricky text"])
def test_every_field_is_found_at_its_line(text: str) -> None:
    """A field's line is the first one that, with those before it, is a text that holds it."""
    statements = read_statements(text)
    expected = _lines_by_definition(text)

    assert {field: line_of(statements, field) for field in expected} == expected


def test_a_field_that_is_not_there_is_at_the_last_line() -> None:
    """What nobody wrote is missing where the text ends."""
    assert line_of(read_statements("a = 1\nb = 2\n"), ("c",)) == 3


def test_a_field_is_written_as_in_python() -> None:
    """Tables are joined by dots, and places in arrays stand in brackets."""
    assert dotted(("a", 1, "b", "c")) == "a[1].b.c"
