"""The report as JSON, and the JSON Schema that it keeps to."""

from typing import Final

import msgspec

from ntscan.reporting.report import Report, TargetLine

_INDENT: Final = 2


def render_json(report: Report) -> str:
    """Write a report as indented JSON with a line break at its end."""
    return msgspec.json.format(msgspec.json.encode(report), indent=_INDENT).decode() + "\n"


def report_schema() -> str:
    """Write the JSON Schema (2020-12) of the report, made from the report's own types."""
    return _schema(Report, "ntscan report")


def line_schema() -> str:
    """Write the JSON Schema (2020-12) of one line of an audit, a target by itself."""
    return _schema(TargetLine, "ntscan audit, one line")


def _schema(of: type, title: str) -> str:
    schema = msgspec.json.schema(of)
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **{key: value for key, value in schema.items() if key != "$defs"},
        "$defs": {
            name: _closed(definition) for name, definition in sorted(schema["$defs"].items())
        },
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=_INDENT).decode() + "\n"


def _closed(definition: dict[str, object]) -> dict[str, object]:
    """Say that an object has these fields and no others."""
    if definition.get("type") != "object":
        return definition
    return {**definition, "additionalProperties": False}
