"""What ``ntscan model`` reports, as JSON and as text for a person."""

from collections.abc import Iterator, Sequence
from typing import Final, TextIO

import msgspec
from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from ntscan.drivermodel.demonstrate import Demonstration
from ntscan.drivermodel.explore import Exploration, Finding
from ntscan.drivermodel.policies import Policies
from ntscan.drivermodel.simulate import Bounds, Distribution, Row
from ntscan.drivermodel.workload import every_nth
from ntscan.reporting.page import draw_page
from ntscan.version import VERSION
from ntscan.vocabulary import SCHEMA_VERSION, Behaviour

_INDENT: Final = 2
_WIDTH: Final = 110
#: Enough for the longest figures that a bound of 10^12 operations allows; a table takes less.
_WIDTH_OF_ROWS: Final = 170
#: A power of ten up to this one is written out.
_LONGEST_EXPONENT: Final = 6


def render_json(command: str, policies: object, assumptions: Sequence[str], results: object) -> str:
    """Write the results of one of the model's commands as indented JSON, under its name.

    ``policies`` are those that all the results share.
    """
    document = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "ntscan", "version": VERSION},
        "policies": policies,
        "assumptions": assumptions,
        command: results,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=_INDENT).decode() + "\n"


def shared_policies(explorations: Sequence[Exploration]) -> dict[str, object]:
    """Give the policies that searches share: all but the completion, which each has of its own."""
    policies = msgspec.to_builtins(explorations[0].policies)
    return {name: value for name, value in policies.items() if name != "completion"}


def exploration_assumptions(explorations: Sequence[Exploration]) -> tuple[str, ...]:
    """Say what searches assume, each sentence once: the policies' and each build's."""
    builds = dict.fromkeys(exploration.assumption for exploration in explorations)
    return (*explorations[0].policies.assumptions(), *builds)


def render_demonstration(shown: Demonstration, stream: TextIO) -> str:
    """Tell a demonstration: the trace, the counts, and what they rest on."""

    def parts() -> Iterator[RenderableType]:
        yield Text(f"{shown.heading}\n", "bold")
        yield _grid([line.partition(" ")[::2] for line in shown.trace])
        yield Text(
            f"\nIRPs allocated: {shown.allocations}; calls of IoFreeIrp: {shown.frees};"
            f" {shown.ending}.\n",
            "bold",
        )
        yield from _assumptions(shown.assumptions)

    return draw_page(parts(), stream, width=_WIDTH)


def render_explorations(
    explorations: Sequence[Exploration], assumptions: Sequence[str], stream: TextIO
) -> str:
    """Tell what searches found: for each build a statement, then the shortest traces."""

    def parts() -> Iterator[RenderableType]:
        shared = explorations[0]
        yield Text(
            f"Every order of events. IRPs free before the first: {shared.scene.free};"
            f" cause that refuses Fast I/O: {shared.policies.refusal}.\n"
        )
        for exploration in explorations:
            yield Text(f"{exploration.build} ({exploration.policies.completion})", "bold")
            yield Text(f"  {statement(exploration)}")
            for finding in exploration.findings:
                yield Text(f"  after {finding.steps} steps: {finding.what}")
            yield Text("")
        for exploration, finding in _stops(explorations)[:1]:
            yield Text(f"A shortest way to a STOP: {exploration.build}", "bold")
            yield _grid([line.partition(" ")[::2] for line in finding.trace])
            yield Text("The JSON holds a shortest way to each bad state.\n")
        yield from _assumptions(assumptions)

    return draw_page(parts(), stream, width=_WIDTH)


def _stops(explorations: Sequence[Exploration]) -> list[tuple[Exploration, Finding]]:
    return [
        (exploration, finding)
        for exploration in explorations
        for finding in exploration.findings
        if finding.what.startswith("STOP")
    ]


def statement(exploration: Exploration) -> str:
    """Say in one sentence what a search may claim."""
    scene = exploration.scene
    bounds = f"{scene.workers} SFM workers, {scene.requests} other request(s)"
    if exploration.findings:
        extent = "all" if exploration.complete else f"the bound of {scene.states:,} was reached"
        return f"{bounds}: {exploration.states:,} states visited, {extent}; bad ones are"
    if not exploration.complete:
        return (
            f"{bounds}: the bound of {scene.states:,} states cut the search; nothing bad was met,"
            " and nothing is claimed"
        )
    return f"{bounds}: {exploration.states:,} states visited, all of them; none is bad"


def render_rows(
    behaviour: Behaviour,
    policies: Policies,
    rows: Sequence[Row],
    assumptions: Sequence[str],
    stream: TextIO,
) -> str:
    """Set a simulation as a table: one row a workload."""
    bounds = Bounds()
    refusals = "every n-th refusal" if rows[0].load.regular else "refusals by chance"

    def parts() -> Iterator[RenderableType]:
        yield Text(
            f"Servers under load, {behaviour} build; the file system completes an unlock:"
            f" {policies.completion}; {refusals}; seed {rows[0].load.seed}",
            "bold",
        )
        table = Table(box=box.SIMPLE_HEAD)
        for heading in ("unlocks", "refused", "stopped"):
            table.add_column(heading, no_wrap=True)
        table.add_column("I/O operations to the STOP", justify="right", no_wrap=True)
        table.add_column("after 1st refusal", justify="right", no_wrap=True)
        table.add_column("survived, median", justify="right", no_wrap=True)
        table.add_column("STOP: runs", no_wrap=True)
        for row in rows:
            table.add_row(
                row.load.pattern,
                _share(row.load.refusal_rate),
                f"{row.stopped} of {row.load.runs}",
                _distribution(row.overall),
                _distribution(row.after_first_refusal),
                f"{row.survived.median:,}" if row.survived else "-",
                ", ".join(f"{int(code, 16):#04x}: {count}" for code, count in row.stop_codes),
            )
        yield table

    def notes() -> Iterator[RenderableType]:
        yield Text(
            "Operations: 5 % / median / 95 % of the runs that stopped. A run ends without a STOP"
            f" {bounds.watch:,} operations after the first refusal where one has"
            f" corrupted the kernel, after {bounds.refusals} refusals that did not, or after"
            f" {bounds.operations:,} operations.\n"
        )
        yield from _assumptions(assumptions)

    table, below = parts(), notes()
    return draw_page(table, stream, width=_WIDTH_OF_ROWS) + draw_page(below, stream, width=_WIDTH)


def _share(rate: float) -> str:
    """Say how often: as one in n where n is whole, else in per cent."""
    if rate <= 0:
        return "never"
    every = every_nth(rate)
    if every is None:
        return f"{100 * rate:g} %"
    if every == 1:
        return "always"
    exponent = len(str(every)) - 1
    if exponent > _LONGEST_EXPONENT and every == 10**exponent:
        return f"1 in 10^{exponent}"
    return f"1 in {every:,}"


def _distribution(shown: Distribution | None) -> str:
    if shown is None:
        return "-"
    return f"{shown.percent_5:,} / {shown.median:,} / {shown.percent_95:,}"


def _assumptions(assumptions: Sequence[str]) -> Iterator[RenderableType]:
    yield Text("The model assumes:")
    yield _grid([("-", assumption) for assumption in assumptions])


def _grid(rows: Sequence[tuple[str, str]]) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    for left, right in rows:
        grid.add_row(Text(left), Text(right))
    return grid
