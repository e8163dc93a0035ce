"""ntscan: an offline patch-applicability scanner for Windows NT 4.0."""
