"""One finding for a person at a terminal: its verdict, criteria, demonstration and what to do."""

from collections.abc import Iterable, Iterator
from typing import Final

from rich import box
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ntscan.reporting.anomaly_words import MEANING
from ntscan.reporting.report import DemonstrationEntry, FindingEntry
from ntscan.reporting.trace_page import draw_irps
from ntscan.reporting.trace_report import MachineCodeEntry
from ntscan.vocabulary import Anomaly, Basis, Result, Status

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


def draw_finding(finding: FindingEntry, *, explain: bool) -> Iterator[RenderableType]:
    """Draw a finding part by part; ``explain`` adds why each criterion was asked, and each step."""
    yield Text()
    yield Text.assemble(draw_status(finding.status), " ", (finding.rule_id, "bold"))
    for file in finding.files:
        role = "" if finding.decides else f" ({file.role} copy: shown, decides nothing)"
        yield Text(f"  {file.path}{role}")
    yield Padding(Text(finding.reason), _INDENT)
    yield Padding(_criteria(finding), _INDENT)
    if explain:
        why = ((criterion.name, criterion.explanation) for criterion in finding.criteria)
        yield Padding(_grid(why), _INDENT)
    for anomaly in finding.anomalies:
        yield Padding(draw_anomaly(anomaly), _INDENT)
    if finding.exposure is not None:
        yield Padding(Text(f"Exposure: {finding.exposure.replace('_', ' ')}."), _INDENT)
    for demonstration in finding.demonstrations:
        for part in _demonstration(demonstration, explain=explain):
            yield Padding(part, _INDENT)
    if not any(shown.basis is Basis.DRIVER_MODEL for shown in finding.demonstrations):
        yield Padding(Text(f"Driver model: {finding.demonstrations_note}.", "dim"), _INDENT)
    yield Padding(Text(f"What to do:\n{finding.remediation}"), _INDENT)


def _criteria(finding: FindingEntry) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("criterion", no_wrap=True)
    table.add_column("result", no_wrap=True)
    table.add_column("observed", overflow="fold")
    table.add_column("expected", overflow="fold")
    for criterion in finding.criteria:
        table.add_row(
            Text(criterion.name),
            Text(criterion.result.replace("_", " "), _RESULT_STYLE[criterion.result]),
            _value(criterion.observed),
            _value(criterion.expected),
        )
    return table


def _demonstration(demonstration: DemonstrationEntry, *, explain: bool) -> Iterator[RenderableType]:
    if demonstration.machine_code is None:
        yield from _model(demonstration, explain=explain)
    else:
        yield from _machine_code(demonstration.machine_code, explain=explain)


def _machine_code(code: MachineCodeEntry, *, explain: bool) -> Iterator[RenderableType]:
    text = Text(f"Machine code ({code.grade.replace('_', ' ')}): {code.reason}")
    text.append(" It was interpreted, not executed.", "dim")
    if not explain:
        text.append(" --explain shows the addresses.", "dim")
    yield text
    if explain:
        yield from draw_irps(code)


def _model(demonstration: DemonstrationEntry, *, explain: bool) -> Iterator[Text | Table]:
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


def draw_anomaly(anomaly: Anomaly) -> Text:
    """Name an anomaly, and say what to make of it."""
    return Text.assemble((f"Look at: {anomaly}", "bold yellow"), f": {MEANING[anomaly]}.")


def draw_status(status: Status) -> Text:
    """Draw a status so that it is found at a glance."""
    return Text(f" {status.replace('_', ' ').upper()} ", _STATUS_STYLE[status])


def _value(value: str | int | None) -> Text:
    match value:
        case None:
            return Text("-", "dim")
        case int():
            return Text(f"{value:,}")
        case str():
            return Text(value)
