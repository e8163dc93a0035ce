"""``ntscan schema``: print the JSON Schema of the report."""

from ntscan.cli.output import write_output


def schema() -> None:
    """Print the JSON Schema of the report."""
    from ntscan.reporting.json_report import report_schema  # noqa: PLC0415  fast start

    write_output(report_schema(), None)
