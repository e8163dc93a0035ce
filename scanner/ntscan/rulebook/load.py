"""From TOML files to the rule book; a rule that is wrong is refused with file, line and field."""

import hashlib
import os
import re
import tomllib
from collections.abc import Collection, Iterable, Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

import msgspec

from ntscan.errors import RuleError, UsageError
from ntscan.rulebook.advisory import Advisory, RuleBook
from ntscan.rulebook.check import problems
from ntscan.rulebook.locate import FieldPath
from ntscan.rulebook.refusal import at_line, misfit, nested_too_deeply, refusal

#: No rule is longer than this many bytes; the longest bundled one has under a tenth of them.
LONGEST_RULE: Final = 128 * 1024

#: Dots in one line of a rule. tomllib takes time with the square of a dotted key's parts.
MOST_DOTS: Final = 200

_BUNDLED: Final = "ntscan_rules"
_AT_LINE: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)")


def load_rules(directory: Path | None = None, *, only: Collection[str] = ()) -> RuleBook:
    """Load the bundled rules, and those of a folder beside them; ``only`` keeps the ids named.

    Raises RuleError where a rule does not load, and UsageError where ``only`` names none, or the
    folder cannot be read or holds no rule.
    """
    texts: dict[str, bytes] = {}
    advisories: dict[str, Advisory] = {}
    for name, text in _rule_files(directory):
        advisory = parse_rule(text, name)
        if advisory.id in advisories:
            raise RuleError(
                at_line(name, 1, "id", f"{advisory.id} is the id of another rule as well")
            )
        _refuse_another_driver(advisory, advisories.values(), name)
        advisories[advisory.id], texts[advisory.id] = advisory, text
    wanted = {name.upper() for name in only} or set(advisories)
    for name in sorted(wanted - set(advisories)):
        raise UsageError(f"{name}: no such rule; `ntscan rules list` shows those there are")
    digest = hashlib.sha256(b"".join(texts[name] for name in sorted(wanted))).hexdigest()
    return RuleBook(
        advisories=tuple(advisories[name] for name in sorted(wanted)), digest=f"sha256:{digest}"
    )


def read_rule(file: Path) -> Advisory:
    """Load one rule from a file of the user's own; raises RuleError and UsageError."""
    if not os.path.lexists(file):
        raise UsageError(f"{file}: no such file; check the spelling")
    return parse_rule(_read(file), str(file))


def rule_text(rule_id: str, directory: Path | None = None) -> str:
    """Return a rule as it is written; raises UsageError where no rule has the id."""
    for name, content in _rule_files(directory):
        if Path(name).stem == rule_id.upper():
            return content.decode("utf-8", "backslashreplace")
    raise UsageError(f"{rule_id}: no such rule; `ntscan rules list` shows those there are")


def parse_rule(content: bytes, name: str) -> Advisory:
    """Read one rule; ``name`` is its file, for the message and to hold against its id.

    Raises RuleError, one line a fault: ``file:line: field: what is wrong``.
    """
    if len(content) > LONGEST_RULE:
        raise RuleError(at_line(name, 1, "", f"is longer than {LONGEST_RULE:,} bytes"))
    text, written = _parse_toml(content, name)
    try:
        advisory = msgspec.convert(written, Advisory)
    except msgspec.ValidationError as error:
        raise misfit(name, text, str(error)) from error
    faults = [(field, "is not a field of a rule") for field in _unknown((), written, advisory)]
    faults += [(problem.field, problem.message) for problem in problems(advisory)]
    if advisory.id != Path(name).stem:
        faults.append((("id",), f"{advisory.id!r} is not the name of its file"))
    if faults:
        raise refusal(name, text, faults)
    return advisory


def _rule_files(directory: Path | None) -> Iterator[tuple[str, bytes]]:
    for file in _listed(files(_BUNDLED)):
        yield file.name, _read(file)
    if directory is None:
        return
    own = _listed(directory)
    if not own:
        raise UsageError(f"{directory}: holds no rule (a .toml file); give the folder of rules")
    for file in own:
        yield str(file), _read(file)


def _listed(place: Traversable) -> list[Traversable]:
    try:
        found = [file for file in place.iterdir() if file.name.endswith(".toml")]
    except OSError as error:
        why = f"cannot be read as a folder of rules: {error.strerror}"
        raise UsageError(f"{place}: {why}") from error
    return sorted(found, key=lambda file: file.name)


def _refuse_another_driver(new: Advisory, known: Iterable[Advisory], name: str) -> None:
    """Refuse a rule that looks for a file by another service than a rule before it does."""
    for old in known:
        if new.services is None or old.services is None or new.file_name != old.file_name:
            continue
        if new.services.driver.lower() != old.services.driver.lower():
            why = f"{new.services.driver} is not {old.services.driver}, as {old.id} has it"
            raise RuleError(at_line(name, 1, "services.driver", why))


def _read(file: Traversable) -> bytes:
    """Read a rule as far as one may go; a pipe or a device would never end."""
    try:
        if file.is_dir():
            raise UsageError(f"{file}: is a folder, and no rule; --rules takes a folder of rules")
        if not file.is_file():
            raise UsageError(f"{file}: is no regular file, and so no rule")
        with file.open("rb") as rule:
            return rule.read(LONGEST_RULE + 1)
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from error


def _parse_toml(content: bytes, name: str) -> tuple[str, dict[str, object]]:
    try:
        text = content.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RuleError(at_line(name, line, "", "is not UTF-8")) from error
    for number, line_text in enumerate(text.split("\n"), 1):
        if line_text.count(".") > MOST_DOTS:
            why = f"holds more than {MOST_DOTS} dots; no key or sentence of a rule has as many"
            raise RuleError(at_line(name, number, "", why))
    try:
        return text, tomllib.loads(text)
    except RecursionError as error:
        raise nested_too_deeply(name) from error
    except ValueError as error:  # TOMLDecodeError, and int's own refusal of too many digits
        place = _AT_LINE.search(str(error))
        lines = text.split("\n")
        line = int(place[1]) if place and place[1] else len(lines)
        key, equals, _ = lines[line - 1].partition("=")
        field = key.strip() if equals else ""
        raise RuleError(at_line(name, line, field, _AT_LINE.sub("", str(error)))) from error


def _unknown(field: FieldPath, written: object, understood: object) -> Iterator[FieldPath]:
    """Yield each key that was written and that no type of the rule has."""
    match written:
        case dict() if isinstance(understood, msgspec.Struct):
            for key, value in written.items():
                if key not in understood.__struct_fields__:
                    yield (*field, key)
                else:
                    yield from _unknown((*field, key), value, getattr(understood, key))
        case list() if isinstance(understood, tuple):
            for index, value in enumerate(written):
                yield from _unknown((*field, index), value, understood[index])
        case _:
            pass
