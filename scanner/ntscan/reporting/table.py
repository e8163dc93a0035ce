"""The report for a person at a terminal, drawn with rich; no text of it is read as markup."""

from collections.abc import Iterator, Sequence
from typing import Final, TextIO

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from ntscan.reporting.finding_page import draw_anomaly, draw_finding, draw_status
from ntscan.reporting.page import draw_page
from ntscan.reporting.report import (
    FindingEntry,
    Report,
    SystemEntry,
    TargetEntry,
)
from ntscan.vocabulary import ScanStatus

#: From this many deciding findings of one target on, each gets a row and not a page.
MANY_FINDINGS: Final = 6


def render_table(report: Report, stream: TextIO, *, explain: bool) -> str:
    """Draw a report for the stream that will show it: colours on a terminal without NO_COLOR.

    ``explain`` adds why each criterion was asked, and the whole trace of the demonstration.
    """
    return draw_page(_report(report, explain=explain), stream)


def _report(report: Report, *, explain: bool) -> Iterator[RenderableType]:
    options = report.run.options
    stated = [text for text in (options.product, options.service_pack) if text is not None]
    if stated:
        yield Text(f"As stated, whatever the files say: {', '.join(stated)}")
    for target in report.targets:
        yield from _target(target, explain=explain)
        yield Text()
    yield _summary(report)


def _target(target: TargetEntry, *, explain: bool) -> Iterator[RenderableType]:
    style = "bold" if target.scan_status is ScanStatus.COMPLETE else "bold yellow"
    yield Text.assemble(
        (target.target, "bold"), "  ", (f"{target.kind}, {target.scan_status}", style)
    )
    for system in target.systems:
        yield _system(system)
        for anomaly in system.anomalies:
            yield draw_anomaly(anomaly)
    deciding = [finding for finding in target.findings if finding.decides or explain]
    if len(deciding) >= MANY_FINDINGS and not explain:
        yield _overview(deciding)
    else:
        for finding in deciding:
            yield from draw_finding(finding, explain=explain)
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


def _overview(findings: Sequence[FindingEntry]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("status", "rule", "file", "reason"):
        table.add_column(heading, overflow="fold")
    for finding in findings:
        paths = "\n".join(file.path for file in finding.files)
        table.add_row(
            draw_status(finding.status), finding.rule_id, Text(paths), Text(finding.reason)
        )
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
