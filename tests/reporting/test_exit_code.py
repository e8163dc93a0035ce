"""Exit codes: 1 wins over 3, and 0 means that everything was scanned."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from ntscan.composer import scan
from ntscan.reporting.exit_code import exit_code
from ntscan.reporting.report import Report, Summary
from ntscan.vocabulary import FailOn, ScanStatus


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """A report of one target, to be changed by each case."""
    folder: Path = tmp_path_factory.mktemp("empty")
    return scan(str(folder))


@pytest.mark.parametrize(
    ("affected", "undetermined", "status", "codes"),
    [
        # codes for --fail-on affected, undetermined, never
        (0, 0, ScanStatus.COMPLETE, (0, 0, 0)),
        (1, 0, ScanStatus.COMPLETE, (1, 1, 0)),
        (0, 1, ScanStatus.COMPLETE, (3, 1, 0)),
        (1, 1, ScanStatus.COMPLETE, (1, 1, 0)),
        (0, 0, ScanStatus.PARTIAL, (3, 3, 3)),
        (0, 0, ScanStatus.FAILED, (3, 3, 3)),
        (1, 0, ScanStatus.PARTIAL, (1, 1, 3)),
        (0, 1, ScanStatus.FAILED, (3, 1, 3)),
    ],
)
def test_the_exit_code_of_a_report(
    report: Report,
    affected: int,
    undetermined: int,
    status: ScanStatus,
    codes: tuple[int, int, int],
) -> None:
    """Findings and what could not be scanned make the code, as --fail-on says."""
    summary = Summary(
        targets=1, failed=0, affected=affected, fixed=1, not_affected=1, undetermined=undetermined
    )
    targets = (replace(report.targets[0], scan_status=status),)
    changed = replace(report, summary=summary, targets=targets)
    assert tuple(exit_code(changed, fail_on) for fail_on in FailOn) == codes
