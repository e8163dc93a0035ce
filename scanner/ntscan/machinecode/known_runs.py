"""The runs that were made: what is asked for again, under any name, is not run again.

A run is decided by its function, its inputs, its course, and by what it asks of the rest of the
system. A run that sends nothing is the same in every way to complete a request.
"""

from collections.abc import Hashable, Mapping
from dataclasses import replace
from itertools import product
from typing import Final, TypeAlias

from ntscan.machinecode.kernel.asked import Asked
from ntscan.machinecode.kernel.state import Choices
from ntscan.machinecode.origin import Origin
from ntscan.machinecode.run import FREE, Course, Run

#: Branches and unknown words of all runs that are kept; beyond, all are forgotten.
_MOST_KEPT: Final = 200_000

_Inputs: TypeAlias = tuple[int, frozenset[tuple[Origin, int]]]
_Course: TypeAlias = tuple[Hashable, ...]


class KnownRuns:
    """Runs by all that decides them."""

    def __init__(self) -> None:
        self._runs: dict[_Inputs, dict[_Course, dict[Asked, Run]]] = {}
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
        for key in keys:
            runs = known.get(key, {})
            for asked in product((None, choices.mode), (None, choices.fast_io_answer)):
                if (run := runs.get(asked)) is not None:
                    return run if run.choices == choices else replace(run, choices=choices)
        return None

    def keep(self, run: Run, course: Course, asked: Asked) -> None:
        """Keep a run that has come to its end, and what it asked for."""
        self._size += len(run.branches) + len(run.touches)
        if self._size > _MOST_KEPT:
            self.forget()
            return
        known = self._runs.setdefault((run.function, frozenset(run.assignment.items())), {})
        known.setdefault(_key(course), {})[asked] = run

    def forget(self) -> None:
        """Forget all runs."""
        self._runs.clear()
        self._size = 0


def _key(course: Course) -> _Course:
    forced = frozenset(course.forced.items())
    return forced, tuple(course.follow), course.only_follow, course.steps
