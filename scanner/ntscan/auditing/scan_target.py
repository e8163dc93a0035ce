"""The work of a fork server: one path in, one line of the audit out."""

import os
import pickle
from importlib import import_module
from pkgutil import walk_packages
from typing import Final

from ntscan.auditing.job import Job
from ntscan.auditing.watched_child import Work
from ntscan.composer import load_book, prepare_model, scan
from ntscan.errors import UsageError
from ntscan.reporting.ndjson import encode_line, target_lines

_ROOMS: Final = ("ntscan.sources", "ntscan.evidence", "ntscan.evaluation")


def prepare(setup: bytes) -> Work:
    """Load the rules and import what a scan needs; ``setup`` is a pickled Job.

    Raises UsageError where this machine has other rules than the audit was started with.
    """
    job = pickle.loads(setup)  # noqa: S301  from the process that started this one
    if not isinstance(job, Job):
        raise UsageError("the fork server was started with something else than an audit")
    book = load_book(job.options)
    if book.digest != job.rules.digest:
        raise UsageError(
            f"the rules on this machine ({book.digest}) are not those that the audit was started "
            f"with ({job.rules.digest}); install the same ntscan, and keep --rules where every "
            "worker reads the same files"
        )
    _import_what_a_scan_imports()
    prepare_model(job.options)

    def work(path: bytes) -> bytes:
        report = scan(os.fsdecode(path), options=job.options, rules=book)
        return b"".join(encode_line(line) for line in target_lines(report))

    return work


def _import_what_a_scan_imports() -> None:
    """Import every reader with its library; a scan imports each only when it meets its format."""
    for room in _ROOMS:
        package = import_module(room)
        for module in walk_packages(package.__path__, f"{room}."):
            import_module(module.name)
