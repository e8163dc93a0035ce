"""From a path that was forced to inputs that lead along it by themselves."""

from collections.abc import Sequence
from itertools import chain, islice
from typing import Final

from ntscan.machinecode.run import Course, Run
from ntscan.machinecode.runner import Runner
from ntscan.machinecode.search.candidates import direct, indirect
from ntscan.machinecode.search.explore import FIRST_CHOICES

_MOST_PROPOSALS: Final = 500


def solve(runner: Runner, forced: Run) -> Run | None:
    """Look for a run that goes a forced run's way to the allocation with nothing forced.

    Branch by branch: an input that leads farther along the path is kept. Raises BudgetSpentError
    and ShareSpentError alone.
    """
    path = forced.path[: forced.allocation]
    run = runner.run(forced.function, forced.assignment, FIRST_CHOICES, Course(follow=path))
    while run.allocation is None:
        farther = _farther(runner, run, path)
        if farther is None:
            return None
        run = farther
    return run


def _farther(runner: Runner, run: Run, path: Sequence[tuple[int, bool]]) -> Run | None:
    reached = _common(run.path, path)
    if reached >= len(run.branches):
        return None  # it ended on the path, by a fault
    branch = run.branches[reached]
    proposals = chain(direct(run, branch), indirect(run, branch))
    for assignment in islice(proposals, _MOST_PROPOSALS):
        tried = runner.run(run.function, assignment, FIRST_CHOICES, Course(follow=path))
        if tried.allocation is not None or _common(tried.path, path) > reached:
            return tried
    return None


def _common(left: Sequence[tuple[int, bool]], right: Sequence[tuple[int, bool]]) -> int:
    pairs = zip(left, right, strict=False)
    return next(
        (number for number, (one, other) in enumerate(pairs) if one != other),
        min(len(left), len(right)),
    )
