"""The types of a verdict: criteria, and the finding that they lead to."""

from msgspec import Struct

from ntscan.evidence.characteristics import FileItem
from ntscan.vocabulary import Anomaly, Behaviour, Build, Exposure, Justification, Result, Status


class Criterion(Struct, frozen=True, kw_only=True):
    """One question put to the evidence: what was seen, what the fixed build would show, and why.

    ``result`` is ``true`` where the evidence is as expected: of the file, what the fixed build
    would show; of the system, what the article lists.
    Times in ``observed`` and ``expected`` are UTC, sizes are bytes.
    """

    name: str
    result: Result
    observed: str | int | None
    expected: str | int | None
    explanation: str


class Finding(Struct, frozen=True, kw_only=True):
    """What one rule means for one file, or for a system on which the file was not found.

    ``decides`` is false for copies that are only shown. ``behaviour`` is the one that the driver
    model should show, chosen by the recognised build; ``chosen_by`` says by what, or why none.
    """

    rule_id: str
    status: Status
    justification: Justification | None
    reason: str
    build: Build | None
    files: tuple[FileItem, ...]
    decides: bool
    criteria: tuple[Criterion, ...]
    anomalies: tuple[Anomaly, ...]
    exposure: Exposure | None
    remediation: str
    behaviour: Behaviour | None
    chosen_by: str
