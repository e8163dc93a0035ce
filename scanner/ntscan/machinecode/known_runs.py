"""The runs that were made: what is asked for again, under any name, is not run again.

A run is decided by its function, its inputs, its course, and by what it asks of the rest of the
system. A run that sends nothing is the same in every way to complete a request; one that allocates
no more IRPs than it may is the same under any bound that it keeps.
"""

from collections.abc import Hashable, Mapping
from dataclasses import replace
from itertools import product
from typing import Final, TypeAlias

from ntscan.machinecode.kernel.asked import Asked
from ntscan.machinecode.kernel.state import Choices
from ntscan.machinecode.origin import Origin
from ntscan.machinecode.run import FREE, Course, Run
from ntscan.machinecode.traced import CompletionMode

#: Branches and unknown words of all runs that are kept; beyond, all are forgotten.
_MOST_KEPT: Final = 200_000

_Inputs: TypeAlias = tuple[int, frozenset[tuple[Origin, int]]]
_Course: TypeAlias = tuple[Hashable, ...]
#: What a run asked for, and the IRPs that it might allocate; ``None`` for what it did not come to.
_CameTo: TypeAlias = tuple[CompletionMode | None, bool | None, int | None]


class KnownRuns:
    """Runs by all that decides them."""

    def __init__(self) -> None:
        self._runs: dict[_Inputs, dict[_Course, dict[_CameTo, Run]]] = {}
        self._size = 0

    def find(
        self, function: int, assignment: Mapping[Origin, int], choices: Choices, course: Course
    ) -> Run | None:
        """Return the run that running again would give; ``None`` where none is known.

        Where nothing but the way to the end of a path is asked for, a run that goes beyond it does.
        """
        known = self._runs.get((function, frozenset(assignment.items())))
        if known is None:
            return None
        keys = [_key(course)]
        if course.only_follow and not course.forced and course.steps is None:
            keys.append(_key(FREE))
        came_to = ((None, choices.mode), (None, choices.fast_io_answer), (None, course.irps))
        for key in keys:
            runs = known.get(key, {})
            for each in product(*came_to):
                run = runs.get(each)
                if run is not None and len(run.allocations) <= course.irps:
                    return run if run.choices == choices else replace(run, choices=choices)
        return None

    def keep(self, run: Run, course: Course, asked: Asked) -> None:
        """Keep a run that has come to its end, and what it asked for."""
        self._size += len(run.branches) + len(run.touches)
        if self._size > _MOST_KEPT:
            self.forget()
            return
        known = self._runs.setdefault((run.function, frozenset(run.assignment.items())), {})
        came_to = (*asked, course.irps if run.exhausted else None)
        known.setdefault(_key(course), {})[came_to] = run

    def forget(self) -> None:
        """Forget all runs."""
        self._runs.clear()
        self._size = 0


def _key(course: Course) -> _Course:
    forced = frozenset(course.forced.items())
    return forced, tuple(course.follow), course.only_follow, course.steps
