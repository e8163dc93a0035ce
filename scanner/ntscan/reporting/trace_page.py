"""A trace for a person at a terminal: its grade, and each IRP with the addresses of its life."""

from collections.abc import Iterator, Sequence
from typing import Final, TextIO

from msgspec.structs import replace
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ntscan.machinecode.traced import CompletionMode, FreedBy
from ntscan.reporting.harmless import harmless
from ntscan.reporting.irp_names import function_name
from ntscan.reporting.page import draw_page
from ntscan.reporting.trace_report import FreeSiteEntry, IrpEntry, MachineCodeEntry, TraceEntry
from ntscan.vocabulary import Grade

_INDENT: Final = (0, 0, 0, 2)
_GRADE_STYLE: Final = {
    Grade.OBSERVED: "bold white on red",
    Grade.OBSERVED_OTHER: "bold black on yellow",
    Grade.CLEAN: "bold black on green",
    Grade.NOT_OBSERVED: "bold black on white",
    Grade.INCONCLUSIVE: "bold black on yellow",
}
_ANSWERS: Final = {
    CompletionMode.SUCCESS: "completed at once",
    CompletionMode.ERROR: "completed at once with an error",
    CompletionMode.PENDING_COMPLETED: "pending, completed before the send returns",
    CompletionMode.PENDING_AT_WAIT: "pending, completed at the wait",
    CompletionMode.PENDING_COMPLETED_ERROR: "pending, failed before the send returns",
    CompletionMode.PENDING_AT_WAIT_ERROR: "pending, failed at the wait",
}
_EVERY_WAY: Final = "in every way: at once, pending, at the wait; each with success and an error"
_BY: Final = {
    FreedBy.COMPLETION: "completion routine",
    FreedBy.CALLER: "caller",
    FreedBy.IO_MANAGER: "I/O manager",
    FreedBy.DEFERRED: "deferred routine",
}
_WHAT_IT_PROVES: Final = (
    "ntscan interpreted the file's own machine code against a model of the kernel; nothing was"
    " executed. A free that is shown is in that code. What no path of the run met is not shown, and"
    " no other driver was there. Addresses are RVAs."
)


def render_trace(trace: TraceEntry, file: str, stream: TextIO) -> str:
    """Draw the trace of a file for the stream that will show it."""
    return draw_page(_trace(trace, file), stream)


def _trace(trace: TraceEntry, file: str) -> Iterator[RenderableType]:
    grade = Text(f" {trace.grade.replace('_', ' ').upper()} ", _GRADE_STYLE[trace.grade])
    yield Text.assemble(grade, " ", (harmless(file), "bold"))
    yield Text(f"  {trace.machine}, SHA-256 {trace.sha256}")
    yield Padding(Text(trace.reason), _INDENT)
    for part in draw_irps(trace):
        yield Padding(part, _INDENT)
    spent = f"{trace.instructions:,} instructions in {trace.seconds:.2f} s."
    yield Padding(Text(f"{spent} {_WHAT_IT_PROVES}", "dim"), _INDENT)


def draw_irps(trace: MachineCodeEntry) -> Iterator[RenderableType]:
    """Draw each IRP with the addresses of its life, and what was called without a model."""
    for irp, modes in _by_mode(trace.irps):
        yield Text()
        yield _irp(irp, modes)
    yield Text()
    unmodelled = ", ".join(trace.unmodelled) or "none"
    yield Text(f"Calls not modelled: {unmodelled}.")


def _by_mode(irps: Sequence[IrpEntry]) -> list[tuple[IrpEntry, list[CompletionMode]]]:
    """Bring together what differs in nothing but the completion mode."""
    found: list[tuple[IrpEntry, list[CompletionMode]]] = []
    for irp in irps:
        for first, modes in found:
            if replace(irp, mode=first.mode) == first:
                modes.append(irp.mode)
                break
        else:
            found.append((irp, [irp.mode]))
    return found


def _irp(irp: IrpEntry, modes: Sequence[CompletionMode]) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column()
    grid.add_row(Text("IRP", "bold"), Text(function_name(irp.major, irp.minor), "bold"))
    grid.add_row("the driver below", _answers(modes))
    if irp.fast_io_answer is not None:
        grid.add_row("FastIoUnlockSingle", "TRUE" if irp.fast_io_answer else "FALSE")
    grid.add_row("entered at", irp.start)
    grid.add_row("with", Text("\n".join(_witness(irp)) or "any arguments"))
    grid.add_row("allocated at", irp.allocated_at)
    grid.add_row("sent at", irp.sent_at or "never")
    grid.add_row("completion routine", irp.completed_at or "none called")
    grid.add_row("freed", _frees(irp.free_sites))
    doubts = [
        *([] if irp.natural else ["a branch of this path was forced"]),
        *([] if irp.clean_return else ["it did not return cleanly"]),
    ]
    if doubts:
        grid.add_row("but", Text("; ".join(doubts), "yellow"))
    return grid


def _answers(modes: Sequence[CompletionMode]) -> str:
    if set(modes) == set(CompletionMode):
        return _EVERY_WAY
    return "; ".join(_ANSWERS[mode] for mode in modes)


def _witness(irp: IrpEntry) -> Iterator[str]:
    return (f"{place} = {value}" for place, value in irp.witness.items())


def _frees(sites: Sequence[FreeSiteEntry]) -> Text:
    lines = [
        _BY[site.by] if site.rva is None else f"at {site.rva} by the {_BY[site.by]}"
        for site in sites
    ]
    return Text("\n".join(lines) or "never", "bold red" if len(sites) > 1 else "")
