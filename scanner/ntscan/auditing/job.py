"""What every task of one audit has in common; it travels to a worker with each target."""

from dataclasses import dataclass
from typing import Final

from ntscan.auditing.limits import Limits
from ntscan.reporting.report import Options, RulesUsed
from ntscan.vocabulary import TargetKind

#: The function that makes the work of a fork server: see scan_target.py.
SCAN: Final = "ntscan.auditing.scan_target:prepare"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One thing to scan: its path as the user gave it or as it was found, and what it seems to be.

    What is not there is a file, until somebody finds out.
    """

    path: str
    kind: TargetKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One audit: what is asked, by which rules, and what one scan may take.

    ``identity`` is another one for each audit; ``folder`` is the absolute path from which relative
    ones go; ``work`` names the function that prepares the scan.
    """

    identity: str
    folder: str
    options: Options
    rules: RulesUsed
    limits: Limits
    work: str = SCAN
