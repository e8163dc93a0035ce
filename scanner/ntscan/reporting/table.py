"""The report for a person at a terminal, drawn with rich; no text of it is read as markup."""

from collections.abc import Iterator, Sequence
from io import StringIO
from typing import Final, TextIO

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from ntscan.reporting.finding_page import draw_anomaly, draw_finding, draw_status
from ntscan.reporting.report import (
    FindingEntry,
    ImageEntry,
    Report,
    SystemEntry,
    TargetEntry,
)
from ntscan.reporting.tally import summary_sentence
from ntscan.vocabulary import ScanStatus

#: From this many deciding findings of one target on, each gets a row and not a page.
MANY_FINDINGS: Final = 6

_WIDTH_OF_A_FILE: Final = 110


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
    if target.image is not None:
        yield from _image(target.image)
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
    return Text(f"Windows NT in {system.root}{_where(system)}{name}: {what}{stated}")


def _where(system: SystemEntry) -> str:
    """Say on which partition of an image a system lies, and on which other half of a mirror."""
    volume = system.volume
    if volume is None:
        return ""
    where = f"partition {volume.partition}, {volume.filesystem}"
    if volume.mirror is not None and volume.mirror.agrees:
        where += f"; its mirror on partition {volume.mirror.partition} agrees"
    return f" ({where})"


def _image(image: ImageEntry) -> Iterator[Text]:
    yield Text(f"Disk image: {image.format}, {image.size:,} bytes")
    for digest in image.hashes:
        covers = f", of the {digest.covers}" if digest.covers is not None else ""
        yield Text(f"  {digest.algorithm} {digest.digest} ({digest.origin}{covers})")
    if image.note is not None:
        yield Text.assemble(("Look at: ", "bold yellow"), image.note)


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
    partial = sum(target.scan_status is ScanStatus.PARTIAL for target in report.targets)
    return Text(summary_sentence(report.summary, partial), "bold")
