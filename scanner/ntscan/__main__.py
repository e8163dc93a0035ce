"""Runs the command line as ``python -m ntscan``."""

from ntscan.cli import main

main()
