"""Which files' own machine code is run, and the runs: evidence that is collected on demand.

It costs up to seconds a driver, so it is asked where it can tell something: of a file whose build
left the verdict open, or where the user asks for it.
"""

import hashlib
from collections.abc import Collection, Iterable
from typing import Final

from ntscan.errors import ImageError, SourceError
from ntscan.evaluation.finding import Finding
from ntscan.evidence.characteristics import FileItem, PEMetadata
from ntscan.machinecode.traced import Trace
from ntscan.sources.source import LARGEST_DRIVER, Entry, Source
from ntscan.vocabulary import Grade, Machine, Status

_MACHINES: Final = (Machine.I386, Machine.ALPHA)


def run_traces(
    source: Source, findings: Iterable[Finding], rules: Collection[str], *, asked: bool | None
) -> dict[str, Trace]:
    """Run the machine code of files that the findings are about; return each by its SHA-256.

    ``rules`` are those whose defect a trace can show. ``asked`` is the user's word: of every file,
    of none, or, where it is ``None``, of those that decide and are undetermined. The source is
    open.
    """
    if asked is False:
        return {}
    traces: dict[str, Trace] = {}
    for finding in findings:
        if finding.rule_id not in rules or not (asked or _is_open(finding)):
            continue
        for file in finding.files:
            if _can_be_run(file) and file.hashes.sha256 not in traces:
                traces[file.hashes.sha256] = _trace(source, file)
    return traces


def _is_open(finding: Finding) -> bool:
    return finding.decides and finding.status is Status.UNDETERMINED


def _can_be_run(file: FileItem) -> bool:
    return isinstance(file.image, PEMetadata) and file.image.machine in _MACHINES


def _trace(source: Source, file: FileItem) -> Trace:
    # The interpreters are imported where they run, so that a scan without them starts faster.
    from ntscan.machinecode.trace_image import trace  # noqa: PLC0415

    entry = Entry(path=file.path, place=file.place, is_folder=False)
    try:
        data = source.read(entry, LARGEST_DRIVER).data
    except SourceError as error:
        return _not_run(file, f"The file {error}.")
    if hashlib.sha256(data).hexdigest() != file.hashes.sha256:
        return _not_run(file, "The file changed while it was scanned; scan it again.")
    try:
        return trace(data)
    except ImageError as error:
        return _not_run(file, f"Its code was not run: it {error}.")


def _not_run(file: FileItem, reason: str) -> Trace:
    machine = file.image.machine if isinstance(file.image, PEMetadata) else ""
    return Trace(
        machine=machine,
        grade=Grade.INCONCLUSIVE,
        reason=reason,
        irps=(),
        unmodelled=(),
        instructions=0,
        seconds=0.0,
    )
