"""From a run that loops on and on to inputs with which the loop ends after a round or two."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Final

from ntscan.machinecode.run import Branch, Course, Run
from ntscan.machinecode.runner import Runner
from ntscan.machinecode.search.candidates import Assignment, direct, named
from ntscan.machinecode.search.dependence import without_pointers

_MOST_WORDS: Final = 12
_MOST_PROPOSALS: Final = 40
_MOST_TRIALS: Final = 200
#: Instructions within which a loop that is gone through twice returns.
_SHORT: Final = 4_000
_SECOND: Final = 2


def shorten(runner: Runner, run: Run) -> Assignment | None:
    """Look for inputs with which a run that goes on and on allocates, and then returns.

    Raises BudgetSpentError alone.
    """
    for assignment in islice(_proposals(run), _MOST_TRIALS):
        tried = runner.run(run.function, assignment, run.choices, Course(steps=_SHORT))
        if tried.clean_return and tried.allocation is not None:
            return assignment
    return None


def counting(run: Run) -> Iterator[Branch]:
    """Give the branches after the allocation that compare something else in another round.

    What few rounds do not show of them, many might.
    """
    first: dict[int, Branch] = {}
    for branch in run.branches[run.allocation :]:
        met = first.setdefault(branch.address, branch)
        if met.comparison != branch.comparison:
            yield branch


def _proposals(run: Run) -> Iterator[Assignment]:
    """Propose few rounds, for two show all ways of a loop; first for words that it counts to.

    A loop through a list ends where a pointer is what the loop compares it with.
    """
    loops = list(_met_again(run))
    shown = [origin for branch in loops for origin in named(run, branch)]
    touched = [touch.origin for touch in without_pointers(run, run.touches)[:_MOST_WORDS]]
    for rounds in (2, 1):
        for origin in dict.fromkeys((*shown, *touched)):
            yield {**run.assignment, origin: rounds}
    for branch in loops:
        yield from islice(direct(run, branch), _MOST_PROPOSALS)


def _met_again(run: Run) -> Iterator[Branch]:
    """Give the branches that a run meets for the second time: those of its loops."""
    met = Counter[int]()
    for branch in run.branches:
        met[branch.address] += 1
        if met[branch.address] == _SECOND:
            yield branch
