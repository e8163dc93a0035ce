"""From a report to the exit code of the command line."""

from typing import assert_never

from ntscan.reporting.report import Report, Summary
from ntscan.vocabulary import ExitCode, FailOn, ScanStatus


def exit_code(report: Report, fail_on: FailOn) -> ExitCode:
    """Choose 0, 1 or 3: 1 wins over 3, and 0 is only given where everything was scanned.

    With ``FailOn.NEVER`` no finding counts, and 3 is left for what could not be scanned.
    """
    return choose_exit_code(report.summary, fail_on, unscanned=_unscanned(report))


def choose_exit_code(found: Summary, fail_on: FailOn, *, unscanned: bool) -> ExitCode:
    """Choose 0, 1 or 3 from counts, and whether anything could not be scanned; see exit_code."""
    match fail_on:
        case FailOn.AFFECTED:
            fails, doubtful = bool(found.affected), bool(found.undetermined)
        case FailOn.UNDETERMINED:
            fails, doubtful = bool(found.affected or found.undetermined), False
        case FailOn.NEVER:
            fails, doubtful = False, False
        case _ as never:
            assert_never(never)
    if fails:
        return ExitCode.AFFECTED
    return ExitCode.UNDETERMINED if doubtful or unscanned else ExitCode.NOTHING_AFFECTED


def _unscanned(report: Report) -> bool:
    return any(target.scan_status is not ScanStatus.COMPLETE for target in report.targets)
