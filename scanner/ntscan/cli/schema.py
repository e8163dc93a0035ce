"""``ntscan schema``: print the JSON Schema of the report, or of a line of an audit."""

from enum import StrEnum
from typing import Annotated

import typer

from ntscan.cli.output import write_output


class SchemaFormat(StrEnum):
    """The formats that have a schema."""

    JSON = "json"
    NDJSON = "ndjson"


def schema(
    of: Annotated[
        SchemaFormat, typer.Option("--format", help="The report, or a line of an audit.")
    ] = SchemaFormat.JSON,
) -> None:
    """Print the JSON Schema of the report, or of a line of an audit."""
    from ntscan.reporting.json_report import line_schema, report_schema  # noqa: PLC0415  fast start

    write_output(report_schema() if of is SchemaFormat.JSON else line_schema(), None)
