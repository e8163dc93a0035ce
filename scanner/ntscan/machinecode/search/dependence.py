"""What a branch depends on, of all that inputs decide: told by changing them and looking.

A branch that went one way only is harmless where nothing decides it, such as a count that a driver
keeps by itself. It is not where another input changes what it compares.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from ntscan.machinecode.inputs import Touch
from ntscan.machinecode.irp_facts import asks_to_unlock, is_freed_twice
from ntscan.machinecode.kernel.state import Choices
from ntscan.machinecode.origin import Origin
from ntscan.machinecode.processor import Comparison
from ntscan.machinecode.run import Branch, Run
from ntscan.machinecode.runner import Runner
from ntscan.machinecode.search.candidates import named
from ntscan.machinecode.search.case import Case

_MOST_CHANGED: Final = 32
_ONES: Final = 0xFFFFFFFF
_DISTURBANCE: Final = 0x00A5_5A5A

#: What branches compared, by their addresses.
_Compared: TypeAlias = Mapping[int, Comparison | None]
_Inputs: TypeAlias = tuple[frozenset[tuple[Origin, int]], Choices]


class Dependence:
    """Runs with one word changed at a time, and what their branches compared.

    ``wrong`` are those in which an IRP was freed too often or too seldom, and was not before.
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._changed: dict[_Inputs, list[tuple[Origin, _Compared]]] = {}
        self.wrong: list[Run] = []

    def decides(self, run: Run, branch: Branch, cases: Iterable[Case]) -> str:
        """Say what decides a branch of a run, as far as it is seen; empty where nothing is."""
        shown = next(map(str, named(run, branch)), "")
        if shown:
            return shown
        compared = _compared(run)
        for origin, other in self._changed_runs(run):
            if _differ(other, compared, branch.address):
                return str(origin)
        return which_inputs(run, branch, cases)

    def _changed_runs(self, run: Run) -> list[tuple[Origin, _Compared]]:
        """Run again with each of the words changed that were last touched, but for pointers."""
        key = (frozenset(run.assignment.items()), run.choices)
        if key not in self._changed:
            self._changed[key] = list(self._change(run))
        return self._changed[key]

    def _change(self, run: Run) -> Iterator[tuple[Origin, _Compared]]:
        was_wrong = _is_wrong(run)
        for touch in self._not_quiet(run):
            for value in (0, 1, _ONES, touch.value ^ _DISTURBANCE):
                if value != touch.value:
                    changed = self._run_with(run, {touch.origin: value})
                    if not was_wrong and changed.clean_return and _is_wrong(changed):
                        self.wrong.append(changed)
                    yield touch.origin, _compared(changed)

    def _not_quiet(self, run: Run) -> list[Touch]:
        """Leave out words of which no value that is tried shows anywhere: most of them.

        Each is tried with two by itself; what stays quiet, with the two others all at once.
        """
        last = {touch.origin: touch for touch in reversed(run.touches)}
        words = without_pointers(run, list(last.values()))[:_MOST_CHANGED]
        quiet = [
            touch
            for touch in words
            if self._shows_nothing(run, {touch.origin: 0})
            and self._shows_nothing(run, {touch.origin: _ONES})
        ]
        ones = {touch.origin: 1 for touch in quiet}
        others = {touch.origin: touch.value ^ _DISTURBANCE for touch in quiet}
        if self._shows_nothing(run, ones) and self._shows_nothing(run, others):
            return [touch for touch in words if touch not in quiet]
        return words

    def _shows_nothing(self, run: Run, values: Mapping[Origin, int]) -> bool:
        return not values or _go_alike(run, self._run_with(run, values))

    def _run_with(self, run: Run, values: Mapping[Origin, int]) -> Run:
        return self._runner.run(run.function, {**run.assignment, **values}, run.choices)


def which_inputs(run: Run, branch: Branch, cases: Iterable[Case]) -> str:
    """Say whether a branch compares something else in one of the cases."""
    compared = _compared(run)
    others = (_compared(case.runs[run.choices]) for case in cases)
    if any(_differ(other, compared, branch.address) for other in others):
        return "which inputs are given"
    return ""


def without_pointers(run: Run, touches: Sequence[Touch]) -> list[Touch]:
    """Leave out the words that were followed as pointers."""
    pointers = {
        (touch.origin.root, touch.origin.offsets[:-1])
        for touch in run.touches
        if touch.origin.offsets
    }
    return [touch for touch in touches if (touch.origin.root, touch.origin.offsets) not in pointers]


def _differ(one: _Compared, other: _Compared, address: int) -> bool:
    return address in one and address in other and one[address] != other[address]


def _compared(run: Run) -> _Compared:
    """Give what each branch compared when it was first met."""
    return {each.address: each.comparison for each in reversed(run.branches)}


def _go_alike(one: Run, other: Run) -> bool:
    """Say whether two runs compare the same values at the same branches, and use IRPs alike."""
    return (
        one.branches == other.branches
        and one.ended == other.ended
        and [(each.sends, each.free_sites) for each in one.requests]
        == [(each.sends, each.free_sites) for each in other.requests]
    )


def _is_wrong(run: Run) -> bool:
    return any(
        is_freed_twice(request) or (asks_to_unlock(request) and len(request.free_sites) != 1)
        for request in run.requests
    )
