"""What every task of one audit has in common; it travels to a worker with each target."""

from pathlib import PurePath
from typing import Final

from msgspec import Struct

from ntscan.auditing.limits import Limits
from ntscan.reporting.harmless import harmless
from ntscan.reporting.report import Options, RulesUsed, TargetLine
from ntscan.vocabulary import TargetKind

#: The function that makes the work of a fork server: see scan_target.py.
SCAN: Final = "ntscan.auditing.scan_target:prepare"


class Target(Struct, frozen=True, kw_only=True):
    """One thing to scan: its path as the user gave it or as it was found, and what it seems to be.

    What is not there is a file, until somebody finds out.
    """

    path: str
    kind: TargetKind


class Job(Struct, frozen=True, kw_only=True):
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

    def place(self, target: Target) -> str:
        """Return where a target lies, as ``place_of`` its line: by this, each is known again."""
        return harmless(str(PurePath(self.folder, target.path)))


def place_of(line: TargetLine) -> str:
    """Return where the target of a line lies: its absolute path, as it is shown."""
    return str(PurePath(line.run.folder, line.target))
