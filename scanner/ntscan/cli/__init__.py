"""The command line: one module a command; each parses, calls, prints and exits."""

import sys
import traceback
from typing import Annotated

import typer

from ntscan.cli import audit, check, model, rules, schema, trace
from ntscan.cli.resume import AuditCommand
from ntscan.errors import NtscanError, RuleError
from ntscan.reporting.harmless import harmless
from ntscan.version import VERSION
from ntscan.vocabulary import ExitCode

app = typer.Typer(
    help="Does this Windows NT 4.0 system need a fix, and does it have it?",
    # Handed down to every command.
    context_settings={"help_option_names": ["--help", "-h"]},
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
# A short help is a line of the list of commands, which cuts what is longer.
app.command("check", short_help="Say whether files, folders and images have the fix.")(check.check)
app.command(
    "audit", cls=AuditCommand, short_help="Scan many targets; a line of JSON as each finishes."
)(audit.audit)
app.command("trace", short_help="Interpret a driver's own machine code.")(trace.trace)
app.command("schema", short_help="Print the JSON Schema of a report, or of an audit's line.")(
    schema.schema
)
app.add_typer(rules.app, name="rules", short_help="The rule book: list, show and check rules.")
app.add_typer(model.app, name="model", short_help="Run the bundled driver model by itself.")


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"ntscan {VERSION}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    pass


def run() -> None:
    """Run the command line; an error of ntscan's own never ends with Python's exit code 1."""
    try:
        app()
    except RuleError as error:
        # One line a fault; each may quote what stands in the rule.
        typer.echo("\n".join(harmless(line) for line in f"ntscan: {error}".split("\n")), err=True)
        sys.exit(ExitCode.USAGE)
    except NtscanError as error:
        typer.echo(harmless(f"ntscan: {error}"), err=True)
        sys.exit(ExitCode.USAGE)
    except Exception:  # noqa: BLE001  the outermost edge: an uncaught error exits 4, never 1
        lines = traceback.format_exc().splitlines()
        typer.echo("\n".join(harmless(line) for line in lines), err=True)
        typer.echo("ntscan: an error inside ntscan; please report the lines above", err=True)
        sys.exit(ExitCode.INTERNAL)
