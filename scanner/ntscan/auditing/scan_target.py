"""The work of a fork server: one path in, one line of the audit out."""

import codecs
import os
import pickle
from datetime import datetime
from importlib import import_module
from pkgutil import walk_packages
from typing import Final

from ntscan.asking import load_book, now
from ntscan.auditing.child import Work
from ntscan.auditing.failed import failed_line
from ntscan.auditing.job import Job, Target
from ntscan.composer import scan
from ntscan.demonstrating import prepare_model
from ntscan.errors import UsageError
from ntscan.reporting.ndjson import encode_line, target_lines
from ntscan.reporting.report import TargetLine
from ntscan.sources.stated_hashes import read_stated_hashes
from ntscan.vocabulary import Stage, TargetKind

_ROOMS: Final = ("ntscan.sources", "ntscan.evidence", "ntscan.evaluation")
_MACHINE_CODE: Final = "ntscan.machinecode"
#: What readers import when they first need it: foreign libraries, and codecs of Python's own.
_LATER: Final = ("pyewf", "pyvhdi", "pyvmdk", "packaging.version")
_CODECS: Final = ("cp437", "utf-16-le")


def prepare(setup: bytes) -> Work:
    """Load the rules and import what a scan needs; ``setup`` is a pickled Job.

    Raises UsageError where this machine has other rules than the audit was started with, or where
    a path is relative and this machine lacks the folder from which it goes.
    """
    job = pickle.loads(setup)  # noqa: S301  from the process that started this one
    if not isinstance(job, Job):
        raise UsageError("the fork server was started with something else than an audit")
    is_there = _go_to(job.folder)
    _refuse_relative(job.options.rules_directory or "/", job.folder, is_there=is_there)
    book = load_book(job.options)
    if book.digest != job.rules.digest:
        raise UsageError(
            f"the rules on this machine ({book.digest}) are not those that the audit was started "
            f"with ({job.rules.digest}); install the same ntscan, and keep --rules where every "
            "worker reads the same files"
        )
    read_stated_hashes(job.options.image_hash, 1)  # A list is read once, and kept.
    _import_what_a_scan_imports(job)
    if job.options.model:
        prepare_model()

    def work(path: bytes) -> bytes:
        target, since = os.fsdecode(path), now()
        try:
            _refuse_relative(target, job.folder, is_there=is_there)
            report = scan(target, options=job.options, rules=book)
        except UsageError as error:
            return encode_line(_unopened(job, target, error, since))
        return b"".join(encode_line(line) for line in target_lines(report))

    return work


def _unopened(job: Job, path: str, error: UsageError, since: datetime) -> TargetLine:
    """Report what is not there or cannot be reached; the line names the path already."""
    is_folder = os.path.isdir(path)  # noqa: PTH112  Path.is_dir raises on a NUL or what is above
    target = Target(path=path, kind=TargetKind.DIRECTORY if is_folder else TargetKind.FILE)
    reason = str(error).removeprefix(f"{path}: ")
    return failed_line(job, target, reason, Stage.OPEN, since=since)


def _go_to(folder: str) -> bool:
    """Go to where the audit was started; a worker of a cluster starts elsewhere."""
    try:
        os.chdir(folder)
    except OSError:
        return False
    return True


def _refuse_relative(path: str, folder: str, *, is_there: bool) -> None:
    if not is_there and not os.path.isabs(path):  # noqa: PTH117  a path that may be no UTF-8
        raise UsageError(
            f"{path}: goes from {folder}, which is not on this machine; give absolute paths"
        )


def _import_what_a_scan_imports(job: Job) -> None:
    """Import every reader and interpreter with its libraries; a scan imports what it meets."""
    rooms = _ROOMS if job.options.machine_code is False else (*_ROOMS, _MACHINE_CODE)
    for room in rooms:
        package = import_module(room)
        for module in walk_packages(package.__path__, f"{room}."):
            import_module(module.name)
    for library in _LATER:
        import_module(library)
    for codec in _CODECS:
        codecs.lookup(codec)
