"""The report as JSON, and the JSON Schema that it keeps to."""

from typing import Final

import msgspec

from ntscan.reporting.report import Report

_INDENT: Final = 2
_TITLE: Final = "ntscan report"


def render_json(report: Report) -> str:
    """Write a report as indented JSON with a line break at its end."""
    return msgspec.json.format(msgspec.json.encode(report), indent=_INDENT).decode() + "\n"


def report_schema() -> str:
    """Write the JSON Schema (2020-12) of the report, made from the report's own types."""
    schema = msgspec.json.schema(Report)
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": _TITLE,
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
