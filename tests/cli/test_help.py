"""``--help`` of every command: whole sentences, and one way to write a usage."""

import re
from collections.abc import Sequence

import pytest
import typer
from typer.testing import CliRunner

from ntscan.cli import app, model, rules

GROUPS = [(), ("rules",), ("model",)]


def help_of(*words: str) -> str:
    """Print a command's help as a terminal of 80 columns shows it."""
    result = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "80"})
    assert result.exit_code == 0
    return result.stdout


def listed(group: Sequence[str]) -> dict[str, str]:
    """Return the line that a group's help gives each of its commands."""
    _, lines = help_of(*group).split("\nCommands:\n")
    return dict(re.findall(r"^  (\S+) +(.+)$", lines, re.MULTILINE))


@pytest.mark.parametrize("group", GROUPS, ids=" ".join)
def test_a_list_of_commands_has_a_whole_sentence_for_each(group: Sequence[str]) -> None:
    """None is cut, or goes on in a second line."""
    lines = listed(group)
    assert len(lines) >= 3
    assert [text for text in lines.values() if not re.fullmatch(r"[A-Z].*[^.]\.", text)] == []


@pytest.mark.parametrize(
    ("words", "usage"),
    [
        (("check",), "{PATH}..."),
        (("audit",), "{PATH|-}..."),
        (("trace",), "{FILE}"),
        (("rules", "show"), "{ID}"),
        (("rules", "lint"), "[FILE]..."),
    ],
    ids=" ".join,
)
def test_a_usage_says_once_that_an_argument_may_be_given_again(
    words: Sequence[str], usage: str
) -> None:
    """The dots stand behind the brackets alone."""
    first, *_ = help_of(*words).splitlines()
    assert first.endswith(f" {words[-1]} [OPTIONS] {usage}")


@pytest.mark.parametrize(
    "words",
    [(), *((*group, name) for group in GROUPS for name in listed(group))],
    ids=" ".join,
)
def test_h_is_help(words: Sequence[str]) -> None:
    """For ntscan itself and for each of its commands."""
    result = CliRunner().invoke(app, [*words, "-h"], env={"COLUMNS": "80"})
    assert (result.exit_code, result.stdout) == (0, help_of(*words))
    assert "-h, --help" in result.stdout


@pytest.mark.parametrize(("name", "group"), [("rules", rules.app), ("model", model.app)])
def test_a_group_by_itself_helps_as_it_does_below_ntscan(name: str, group: typer.Typer) -> None:
    """Plainly, and without an option that would write into a shell's files."""
    alone = CliRunner().invoke(group, ["--help"], env={"COLUMNS": "80"}).stdout
    assert alone.partition("\nCommands:\n")[2] == help_of(name).partition("\nCommands:\n")[2]
    assert "completion" not in alone
