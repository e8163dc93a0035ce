"""All start points of an image: what was found from each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ntscan.machinecode.budget import ShareSpentError
from ntscan.machinecode.kernel.request import Request
from ntscan.machinecode.run import Run
from ntscan.machinecode.runner import Runner
from ntscan.machinecode.search.case import SHARE_SPENT, Case, Cases
from ntscan.machinecode.search.cases import Search, run_cases
from ntscan.machinecode.search.explore import Reached, explore, shortest_forced
from ntscan.machinecode.search.solve import solve
from ntscan.machinecode.start_points import StartPoint

_MOST_SOLVED: Final = 3
_MOST_FORCED_KEPT: Final = 3


@dataclass(slots=True, kw_only=True)
class FromStart:
    """What was found from one start point.

    ``forced`` are runs whose way to the allocation no inputs were found for; ``ended`` why runs
    ended that did not reach it.
    """

    start: StartPoint
    cases: Cases
    forced: list[Run]
    ended: tuple[str, ...]


def traverse(runner: Runner, start: StartPoint, search: Search = Search.FULL) -> FromStart:
    """Search from one start point; raises BudgetSpentError alone."""
    runner.forget()
    reached = explore(runner, start.function)
    natural = _of_many_ways(reached.natural)
    unsolved = _solve_forced(runner, reached, natural)
    cases = run_cases(runner, natural, search)
    if SHARE_SPENT in reached.ended:
        cases.doubts[SHARE_SPENT] = None
    return FromStart(
        start=start,
        cases=cases,
        forced=unsolved[:_MOST_FORCED_KEPT],
        ended=tuple(reached.ended),
    )


def _solve_forced(runner: Runner, reached: Reached, natural: list[Run]) -> list[Run]:
    """Solve for forced runs that reach other allocations; return those that were not solved."""
    unsolved: list[Run] = []
    sites = {site for run in natural for site in run.allocations}
    for run in list(shortest_forced(reached))[:_MOST_SOLVED]:
        if not sites.issuperset(run.allocations) or not natural:
            try:
                with runner.meter.half_of_share():
                    solved = solve(runner, run)
            except ShareSpentError:
                reached.ended[SHARE_SPENT] = None
                solved = None
            if solved is None:
                unsolved.append(run)
            else:
                natural.append(solved)
                sites.update(solved.allocations)
    return unsolved


def _of_many_ways(runs: Sequence[Run]) -> list[Run]:
    """Leave out runs that go no way that those before them have not gone."""
    gone: set[tuple[int, bool]] = set()
    kept: list[Run] = []
    for run in runs:
        if not kept or not gone.issuperset(run.path):
            kept.append(run)
            gone.update(run.path)
    return kept


def cases_of(found: Sequence[FromStart]) -> Iterator[Case]:
    """Give the cases of all start points."""
    for one in found:
        yield from one.cases.cases


def requests_of(found: Sequence[FromStart]) -> Iterator[tuple[Run, Request]]:
    """Give each IRP that was allocated where FastIoUnlockSingle answers FALSE, with its run."""
    for case in cases_of(found):
        for run in case.refused:
            for request in run.requests:
                yield run, request
