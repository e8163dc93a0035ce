"""``ntscan rules`` and ``ntscan schema`` as a user runs them."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ntscan.cli import app
from ntscan.errors import RuleError, UsageError
from ntscan.rulebook.load import rule_text

RUNNER = CliRunner()


def test_list_names_each_rule_on_a_line() -> None:
    """Id, file and title of every rule."""
    result = RUNNER.invoke(app, ["rules", "list"])
    assert result.exit_code == 0
    assert result.stdout.split("\n")[0].split("  ")[:2] == ["Q242896", "sfmsrv.sys"]


@pytest.mark.parametrize("rule_id", ["Q242896", "q242896"])
def test_show_prints_a_rule_as_it_is_written(rule_id: str) -> None:
    """The text of the rule, with the source article of every figure."""
    result = RUNNER.invoke(app, ["rules", "show", rule_id])
    assert result.stdout == rule_text("Q242896")
    assert result.stdout.count("source = ") > 10


def test_lint_of_the_bundled_rules_is_clean() -> None:
    """No fault, exit code 0."""
    result = RUNNER.invoke(app, ["rules", "lint"])
    assert (result.exit_code, result.stdout) == (0, "")


def test_lint_names_the_faults_of_a_rule_of_ones_own(tmp_path: Path) -> None:
    """A rule with a wrong example and an odd size: a line each, exit code 2."""
    rule = tmp_path / "Q242896.toml"
    text = rule_text("Q242896").replace("size = 134416", "size = 134417", 1)
    rule.write_text(text.replace('status = "affected"', 'status = "fixed"', 1), "utf-8")
    result = RUNNER.invoke(app, ["rules", "lint", str(rule)])
    assert result.exit_code == 2
    assert "Q242896: size 134,417 (Q242896) is no multiple of 16 bytes\n" in result.stdout
    assert "is affected (older), and not fixed (older)" in result.stdout


def test_lint_refuses_a_rule_that_does_not_load(tmp_path: Path) -> None:
    """The refusal names file, line and field."""
    rule = tmp_path / "Q242896.toml"
    rule.write_text(rule_text("Q242896").replace("size = 134416", "siez = 134416", 1), "utf-8")
    result = RUNNER.invoke(app, ["rules", "lint", str(rule)])
    assert isinstance(result.exception, RuleError)
    assert str(result.exception).startswith(f"{rule}:")
    assert ": fixed_builds[0].size: is missing" in str(result.exception)


def test_lint_takes_rule_files_or_a_folder_of_rules(tmp_path: Path) -> None:
    """With both it would have to leave one unread, and says so instead."""
    rule = tmp_path / "Q242896.toml"
    rule.write_text(rule_text("Q242896"), "utf-8")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/Q999999.toml").write_text(
        rule_text("Q242896").replace("Q242896", "Q999999", 1), "utf-8"
    )
    for words, rules in (
        ([str(rule)], "1 rule,"),
        (["--rules", str(tmp_path / "rules")], "2 rules,"),
    ):
        assert RUNNER.invoke(app, ["rules", "lint", *words]).stderr.startswith(rules)
    both = RUNNER.invoke(app, ["rules", "lint", str(rule), "--rules", str(tmp_path / "rules")])
    assert isinstance(both.exception, UsageError)
    assert "and not both" in str(both.exception)


def test_show_and_list_print_no_text_that_could_act_on_a_terminal(tmp_path: Path) -> None:
    """A rule of one's own may hold anything; it is shown by its number."""
    text = rule_text("Q242896").replace("Q242896", "Q999999", 1)
    text = text.replace('title = "', 'title = "\u202e\\u001b[2J', 1)
    (tmp_path / "Q999999.toml").write_text(text, "utf-8")
    for words in (["list"], ["show", "Q999999"]):
        shown = RUNNER.invoke(app, ["rules", *words, "--rules", str(tmp_path)])
        assert shown.exit_code == 0
        assert "\\u202e" in shown.stdout
        assert all(line.isprintable() for line in shown.stdout.split("\n"))
