"""From what is wrong with a rule to the error that says where: ``file:line: field: what``."""

import re
from collections.abc import Sequence
from typing import Final

from ntscan.errors import RuleError
from ntscan.rulebook.locate import FieldPath, Statement, dotted, line_of, read_statements

#: Faults of one rule that are named; a file of thousands is no rule.
MOST_FAULTS: Final = 50

_AT_FIELD: Final = re.compile(r" - at `(?:key in )?\$(.*)`")
_FIELD_PART: Final = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
_MISSING: Final = re.compile(r"missing required field `(.+?)`")


def at_line(name: str, line: int, field: str, why: str) -> str:
    """Write one line of a refusal: ``file:line: field: what is wrong``."""
    return ": ".join(part for part in (f"{name}:{line}", field, why) if part)


def misfit(name: str, text: str, message: str) -> RuleError:
    """Turn msgspec's message, which ends in a path, into a refusal with a line."""
    place = _AT_FIELD.search(message)
    field: FieldPath = tuple(
        key or int(index) for key, index in _FIELD_PART.findall(place[1] if place else "")
    )
    why = _AT_FIELD.sub("", message)
    missing = _MISSING.search(message)
    if missing is None:
        return refusal(name, text, [(field, why)])
    line = line_of(_statements(name, text), field) if field else 1
    return RuleError(at_line(name, line, dotted((*field, missing[1])), "is missing"))


def refusal(name: str, text: str, faults: Sequence[tuple[FieldPath, str]]) -> RuleError:
    """Name each fault at its line, as far as a person would read."""
    statements = _statements(name, text)
    lines = [
        at_line(name, line_of(statements, field), dotted(field), why)
        for field, why in faults[:MOST_FAULTS]
    ]
    if len(faults) > MOST_FAULTS:
        why = f"has {len(faults) - MOST_FAULTS:,} more faults; mend these first"
        lines.append(at_line(name, statements[-1].line, "", why))
    return RuleError("\n".join(lines))


def _statements(name: str, text: str) -> tuple[Statement, ...]:
    try:
        return read_statements(text)
    except RecursionError as error:  # The whole just fitted; here the stack is a little deeper.
        raise nested_too_deeply(name) from error


def nested_too_deeply(name: str) -> RuleError:
    """Refuse a rule whose brackets Python's stack cannot hold."""
    return RuleError(at_line(name, 1, "", "is nested too deeply"))
