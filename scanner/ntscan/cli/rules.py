"""``ntscan rules list | show | lint``: the rule book."""

import os
from pathlib import Path
from typing import Annotated

import typer

from ntscan.cli.options import RulesDirectory
from ntscan.cli.output import write_output
from ntscan.errors import UsageError
from ntscan.reporting.harmless import harmless
from ntscan.vocabulary import ExitCode

app = typer.Typer(
    help="The rule book: list, show and check rules.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.command("list")
def list_rules(rules: RulesDirectory = None) -> None:
    """List the rules, one a line: id, file, title."""
    from ntscan.rulebook.load import load_rules  # noqa: PLC0415  fast start

    lines = (f"{rule.id}  {rule.file_name}  {rule.title}" for rule in load_rules(rules).advisories)
    write_output("".join(f"{harmless(line)}\n" for line in lines), None)


@app.command("show", short_help="Show a rule as it is written, with its sources.")
def show(
    rule_id: Annotated[str, typer.Argument(metavar="ID", help="A rule's id, such as Q242896.")],
    rules: RulesDirectory = None,
) -> None:
    """Show a rule as it is written, with the source article of every figure."""
    from ntscan.rulebook.load import rule_text  # noqa: PLC0415  fast start

    text = rule_text(rule_id, rules).expandtabs(4)
    write_output("\n".join(harmless(line) for line in text.splitlines()) + "\n", None)


@app.command("lint", short_help="Check rules, and that their examples come out right.")
def lint(
    rules: RulesDirectory = None,
    rule_file: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE", help="Rule files; without one, the whole book."),
    ] = None,
) -> None:
    """Check rules: that they load, that they are whole, and that their examples come out right."""
    if rules is not None and rule_file:
        raise UsageError("give rule files, or a folder of them with --rules, and not both")
    for folder in filter(os.path.isdir, rule_file or ()):
        raise UsageError(f"{folder}: is a folder; check the rules in one with --rules {folder}")
    from ntscan.evaluation.examples import example_failures  # noqa: PLC0415  fast start
    from ntscan.rulebook.lint import lint as lint_rule  # noqa: PLC0415  fast start
    from ntscan.rulebook.load import load_rules, read_rule  # noqa: PLC0415  fast start

    book = [read_rule(file) for file in rule_file] if rule_file else load_rules(rules).advisories
    faults = [
        f"{rule.id}: {fault}"
        for rule in book
        for fault in (*lint_rule(rule), *example_failures(rule))
    ]
    for fault in faults:
        typer.echo(harmless(fault))
    rules_read = "1 rule" if len(book) == 1 else f"{len(book)} rules"
    found = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    typer.echo(f"{rules_read}, {found}", err=True)
    raise typer.Exit(ExitCode.USAGE if faults else ExitCode.NOTHING_AFFECTED)
