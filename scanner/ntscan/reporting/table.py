"""The report for a person at a terminal, drawn with rich; no text of it is read as markup."""

from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import Final, TextIO

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ntscan.reporting.anomaly_words import MEANING
from ntscan.reporting.report import (
    DemonstrationEntry,
    FindingEntry,
    Report,
    SystemEntry,
    TargetEntry,
)
from ntscan.vocabulary import Anomaly, Result, ScanStatus, Status

#: From this many deciding findings of one target on, each gets a row and not a page.
MANY_FINDINGS: Final = 6

_WIDTH_OF_A_FILE: Final = 110
_INDENT: Final = (0, 0, 0, 2)
_STATUS_STYLE: Final = {
    Status.AFFECTED: "bold white on red",
    Status.FIXED: "bold black on green",
    Status.NOT_AFFECTED: "bold black on white",
    Status.UNDETERMINED: "bold black on yellow",
}
_RESULT_STYLE: Final = {
    Result.TRUE: "green",
    Result.FALSE: "red",
    Result.ERROR: "bold red",
    Result.UNKNOWN: "yellow",
    Result.NOT_EVALUATED: "dim",
    Result.NOT_APPLICABLE: "dim",
}


class _Page(StringIO):
    """A page in memory that answers rich as the stream would that is to show it."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override]  # typeshed lets it be set; nobody does
        """The encoding of the stream, by which rich chooses what it draws lines with."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        return self._stream.isatty()


def render_table(report: Report, stream: TextIO, *, explain: bool) -> str:
    """Draw a report for the stream that will show it: colours on a terminal without NO_COLOR.

    ``explain`` adds why each criterion was asked, and the whole trace of the demonstration.
    """
    page = _Page(stream)
    console = Console(file=page, markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH_OF_A_FILE
    options = report.run.options
    stated = [text for text in (options.product, options.service_pack) if text is not None]
    if stated:
        console.print(Text(f"As stated, whatever the files say: {', '.join(stated)}"))
    for target in report.targets:
        for part in _target(target, explain=explain):
            # A path is never broken, so that it can be copied.
            console.print(part, soft_wrap=isinstance(part, Text))
        console.print()
    console.print(_summary(report))
    return "".join(f"{line.rstrip()}\n" for line in page.getvalue().split("\n")[:-1])


def _target(target: TargetEntry, *, explain: bool) -> Iterator[RenderableType]:
    style = "bold" if target.scan_status is ScanStatus.COMPLETE else "bold yellow"
    yield Text.assemble(
        (target.target, "bold"), "  ", (f"{target.kind}, {target.scan_status}", style)
    )
    for system in target.systems:
        yield _system(system)
        for anomaly in system.anomalies:
            yield _anomaly(anomaly)
    deciding = [finding for finding in target.findings if finding.decides or explain]
    if len(deciding) >= MANY_FINDINGS and not explain:
        yield _overview(deciding)
    else:
        for finding in deciding:
            yield from _finding(finding, explain=explain)
    yield from _copies(target, explain=explain)
    for error in target.errors:
        yield Text.assemble(("error ", "bold yellow"), error.path, ": ", error.message)
    if target.rules_not_present:
        yield Text(f"not present: {', '.join(target.rules_not_present)}")


def _system(system: SystemEntry) -> Text:
    known = [text for text in (system.product, system.service_pack) if text is not None]
    stated = f" ({', '.join(system.overridden)} as stated)" if system.overridden else ""
    what = " ".join(known) or "product and service pack not known"
    name = f", {system.computer_name}" if system.computer_name is not None else ""
    return Text(f"Windows NT in {system.root}{name}: {what}{stated}")


def _anomaly(anomaly: Anomaly) -> Text:
    return Text.assemble((f"Look at: {anomaly}", "bold yellow"), f": {MEANING[anomaly]}.")


def _overview(findings: Sequence[FindingEntry]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("status", "rule", "file", "reason"):
        table.add_column(heading, overflow="fold")
    for finding in findings:
        paths = "\n".join(file.path for file in finding.files)
        table.add_row(_status(finding.status), finding.rule_id, Text(paths), Text(finding.reason))
    return table


def _copies(target: TargetEntry, *, explain: bool) -> Iterator[Text]:
    """Name the copies that decide nothing, a line each, where they were not shown whole."""
    copies = [finding for finding in target.findings if not finding.decides]
    if not copies or explain:
        return
    yield Text("\nCopies that decide nothing:")
    for finding in copies:
        for file in finding.files:
            yield Text(f"  {file.path} ({file.role}): {finding.status.replace('_', ' ')}")


def _finding(finding: FindingEntry, *, explain: bool) -> Iterator[RenderableType]:
    yield Text()
    yield Text.assemble(_status(finding.status), " ", (finding.rule_id, "bold"))
    for file in finding.files:
        role = "" if finding.decides else f" ({file.role} copy: shown, decides nothing)"
        yield Text(f"  {file.path}{role}")
    yield Padding(Text(finding.reason), _INDENT)
    yield Padding(_criteria(finding), _INDENT)
    if explain:
        why = ((criterion.name, criterion.explanation) for criterion in finding.criteria)
        yield Padding(_grid(why), _INDENT)
    for anomaly in finding.anomalies:
        yield Padding(_anomaly(anomaly), _INDENT)
    if finding.exposure is not None:
        yield Padding(Text(f"Exposure: {finding.exposure.replace('_', ' ')}."), _INDENT)
    for demonstration in finding.demonstrations:
        for part in _demonstration(demonstration, explain=explain):
            yield Padding(part, _INDENT)
    if not finding.demonstrations:
        yield Padding(Text(f"Driver model: {finding.demonstrations_note}.", "dim"), _INDENT)
    yield Padding(Text(f"What to do:\n{finding.remediation}"), _INDENT)


def _criteria(finding: FindingEntry) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("criterion", no_wrap=True)
    table.add_column("result", no_wrap=True)
    table.add_column("observed", overflow="fold")
    table.add_column("the fix", overflow="fold")
    for criterion in finding.criteria:
        table.add_row(
            Text(criterion.name),
            Text(criterion.result.replace("_", " "), _RESULT_STYLE[criterion.result]),
            _value(criterion.observed),
            _value(criterion.expected),
        )
    return table


def _demonstration(demonstration: DemonstrationEntry, *, explain: bool) -> Iterator[Text | Table]:
    irps = "1 IRP" if demonstration.allocations == 1 else f"{demonstration.allocations} IRPs"
    frees = "once" if demonstration.frees == 1 else f"{demonstration.frees} times"
    text = Text(
        f"Driver model ({demonstration.behaviour}, since {demonstration.chosen_by}): one refused "
        f"unlock allocates {irps} and frees it {frees}. "
    )
    if demonstration.stop_code is not None:
        text.append(
            f"STOP {demonstration.stop_code} in I/O operation "
            f"{demonstration.io_operations_until_stop} after it.",
            "bold",
        )
    else:
        text.append("The machine goes on.")
    text.append(" It simulates; the file was not executed.", "dim")
    if not explain:
        text.append(" --explain shows each step.", "dim")
    yield text
    if explain:
        steps = (line.partition(" ") for line in demonstration.trace)
        yield _grid((number, step) for number, _, step in steps)
        yield Text("The model assumes:")
        yield _grid(("-", assumption) for assumption in demonstration.assumptions)


def _grid(rows: Iterable[tuple[str, str]]) -> Table:
    """Set two columns without lines, so that long text keeps its margin."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    for left, right in rows:
        grid.add_row(Text(left), Text(right))
    return grid


def _summary(report: Report) -> Text:
    summary = report.summary
    partial = sum(target.scan_status is ScanStatus.PARTIAL for target in report.targets)
    in_part = f", {partial:,} only in part" if partial else ""
    targets = "1 target" if summary.targets == 1 else f"{summary.targets:,} targets"
    return Text(
        f"{targets}: {summary.affected:,} affected, {summary.fixed:,} fixed, "
        f"{summary.not_affected:,} not affected, {summary.undetermined:,} undetermined; "
        f"{summary.failed:,} could not be scanned{in_part}",
        "bold",
    )


def _status(status: Status) -> Text:
    return Text(f" {status.replace('_', ' ').upper()} ", _STATUS_STYLE[status])


def _value(value: str | int | None) -> Text:
    match value:
        case None:
            return Text("-", "dim")
        case int():
            return Text(f"{value:,}")
        case str():
            return Text(value)
