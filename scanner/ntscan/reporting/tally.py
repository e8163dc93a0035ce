"""Counting an audit while it runs, and the sentence that sums a scan up."""

from ntscan.reporting.assemble import summarise
from ntscan.reporting.report import Summary, TargetEntry
from ntscan.vocabulary import ScanStatus


class Tally:
    """Counts of the targets so far; it keeps nothing of them."""

    def __init__(self) -> None:
        self.summary = summarise(())
        self.partial = 0

    def add(self, target: TargetEntry) -> None:
        """Count one more target."""
        one, so_far = summarise((target,)), self.summary
        self.summary = Summary(
            targets=so_far.targets + one.targets,
            failed=so_far.failed + one.failed,
            affected=so_far.affected + one.affected,
            fixed=so_far.fixed + one.fixed,
            not_affected=so_far.not_affected + one.not_affected,
            undetermined=so_far.undetermined + one.undetermined,
        )
        self.partial += target.scan_status is ScanStatus.PARTIAL

    @property
    def scanned_whole(self) -> bool:
        """Whether every target so far was scanned completely."""
        return not self.summary.failed and not self.partial


def summary_sentence(summary: Summary, partial: int) -> str:
    """Say in one line what was found; ``partial`` targets were scanned only in part."""
    in_part = f", {partial:,} only in part" if partial else ""
    targets = "1 target" if summary.targets == 1 else f"{summary.targets:,} targets"
    return (
        f"{targets}: {summary.affected:,} affected, {summary.fixed:,} fixed, "
        f"{summary.not_affected:,} not affected, {summary.undetermined:,} undetermined; "
        f"{summary.failed:,} could not be scanned{in_part}"
    )
