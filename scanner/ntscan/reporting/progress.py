"""How far an audit is, drawn with rich on standard error."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Task as Bar
from rich.text import Text

from ntscan.reporting.tally import Tally


class _RateColumn(TextColumn):
    """Targets a second, counted over the last targets."""

    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Bar) -> Text:
        return Text("" if task.speed is None else f"{task.speed:,.1f}/s")


class AuditProgress:
    """A line on a terminal: targets done, affected, failed, rate and time left."""

    def __init__(self, progress: Progress, bar: TaskID) -> None:
        self._progress = progress
        self._bar = bar

    def show(self, tally: Tally) -> None:
        """Show where the audit is now."""
        counts = tally.summary
        self._progress.update(
            self._bar,
            completed=counts.targets,
            affected=counts.affected,
            failed=counts.failed,
        )


@contextmanager
def audit_progress(tally: Tally, total: int) -> Iterator[AuditProgress]:
    """Show progress while the block runs; ``total`` counts the targets, those before included."""
    columns = (
        TextColumn("{task.completed:,.0f} of {task.total:,.0f}"),
        BarColumn(),
        TextColumn("{task.fields[affected]:,} affected, {task.fields[failed]:,} failed"),
        _RateColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as progress:
        counts = tally.summary
        bar = progress.add_task(
            "",
            total=total,
            completed=counts.targets,
            affected=counts.affected,
            failed=counts.failed,
        )
        yield AuditProgress(progress, bar)
