"""The report: its types, and one module a format."""
