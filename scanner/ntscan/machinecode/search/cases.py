"""From inputs that reach an allocation to all that the driver does with the IRP afterwards.

Nothing is forced here. The inputs are run with every way in which the request can complete, and
with FastIoUnlockSingle answering TRUE; a branch after the allocation that went one way only is
turned by other inputs where they can be found, and each such input is a case of its own.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from ntscan.machinecode.kernel.state import Choices
from ntscan.machinecode.origin import Origin, is_answer
from ntscan.machinecode.run import Run, Runner
from ntscan.machinecode.search.candidates import direct, named, touches_before
from ntscan.machinecode.traced import CompletionMode

#: FastIoUnlockSingle answers FALSE, and the IRP's request completes in each of the ways.
REFUSED: Final = tuple(Choices(mode=mode, fast_io_answer=False) for mode in CompletionMode)
ANSWERED: Final = Choices(mode=CompletionMode.SUCCESS, fast_io_answer=True)

_MOST_CASES: Final = 24
_MOST_PROPOSALS: Final = 40
_MOST_PERTURBED: Final = 12
_DISTURBANCE: Final = 0x00A5_5A5A


@dataclass(slots=True)
class Case:
    """One set of inputs, run in every way; the runs by the choices of the rest of the system."""

    assignment: Mapping[Origin, int]
    runs: dict[Choices, Run] = field(default_factory=dict)
    #: The same with other answers of the routines that have no model, where there are such.
    varied: list[Run] = field(default_factory=list)

    @property
    def refused(self) -> list[Run]:
        """The runs in which FastIoUnlockSingle, if it is asked, answers FALSE."""
        return [self.runs[choices] for choices in REFUSED]

    @property
    def answered(self) -> Run:
        """The run in which FastIoUnlockSingle answers TRUE."""
        return self.runs[ANSWERED]


@dataclass(slots=True)
class Cases:
    """The cases of one function; ``doubts`` are branches that inputs decide and none turned."""

    cases: list[Case] = field(default_factory=list)
    doubts: dict[str, None] = field(default_factory=dict)


def run_cases(runner: Runner, first: list[Run]) -> Cases:
    """Run inputs that reach an allocation in every way; raises BudgetSpentError alone."""
    return _Work(runner, first).do()


class _Work:
    def __init__(self, runner: Runner, first: list[Run]) -> None:
        self._runner = runner
        self._waiting = deque((run.function, run.assignment) for run in first)
        self._found = Cases()
        self._seen: set[frozenset[tuple[Origin, int]]] = set()
        self._edges: set[tuple[int, bool]] = set()
        self._tried: set[tuple[int, bool]] = set()
        self._unturned: dict[tuple[int, bool], tuple[Run, int]] = {}

    def do(self) -> Cases:
        while self._waiting and len(self._found.cases) < _MOST_CASES:
            function, assignment = self._waiting.popleft()
            key = frozenset(assignment.items())
            if key not in self._seen:
                self._seen.add(key)
                self._add(function, assignment)
        self._drop_endless()
        if self._waiting:
            self._found.doubts["more inputs lead to the allocation than were run"] = None
        for edge, (run, number) in self._unturned.items():
            if edge not in self._edges:
                self._doubt(run, number)
        return self._found

    def _drop_endless(self) -> None:
        """Leave out cases that loop on and on, where others go all their ways and return."""
        returned = {
            edge
            for case in self._found.cases
            for run in case.runs.values()
            if run.clean_return
            for edge in run.path
        }
        self._found.cases = [
            case
            for case in self._found.cases
            if not any(run.exhausted and returned.issuperset(run.path) for run in case.refused)
        ]

    def _add(self, function: int, assignment: Mapping[Origin, int]) -> None:
        case = Case(assignment)
        for choices in (*REFUSED, ANSWERED):
            case.runs[choices] = self._runner.run(function, assignment, choices)
        for run in case.refused:
            case.varied += self._vary(run)
        self._found.cases.append(case)
        for run in case.runs.values():
            if run.allocation is not None:
                self._edges.update(run.path[run.allocation :])
        for run in case.refused:
            if run.allocation is not None:
                for number in range(run.allocation, len(run.branches)):
                    self._turn(run, number)

    def _vary(self, run: Run) -> list[Run]:
        """Run again with other answers of unmodelled routines that came after the allocation."""
        answers = [
            touch.origin for touch in run.touches[run.touches_before :] if is_answer(touch.origin)
        ]
        if run.allocation is None or not answers:
            return []
        return [
            self._runner.run(
                run.function, {**run.assignment, **dict.fromkeys(answers, value)}, run.choices
            )
            for value in (0, 1)
        ]

    def _turn(self, run: Run, number: int) -> None:
        """Look for inputs that turn a branch that has gone one way only."""
        branch = run.branches[number]
        edge = (branch.address, not branch.taken)
        if edge in self._edges or edge in self._tried:
            return
        self._tried.add(edge)
        wanted = (*run.path[:number], edge)
        for assignment in islice(direct(run, branch), _MOST_PROPOSALS):
            tried = self._runner.run(run.function, assignment, run.choices, follow=wanted)
            if tried.path[: number + 1] == wanted:
                self._waiting.append((run.function, assignment))
                return
        self._unturned[edge] = (run, number)

    def _doubt(self, run: Run, number: int) -> None:
        """Note a branch after the allocation that inputs decide, though none was found to turn it.

        Inputs decide it where it compares a word of theirs, or other values once one is disturbed.
        """
        branch = run.branches[number]
        at = f"0x{branch.address - self._runner.image.base:x}"
        origins = named(run, branch)
        if origins:
            self._found.doubts[f"the branch at {at} depends on {origins[0]}, and went one way"] = (
                None
            )
            return
        touches = touches_before(run, branch)
        used = {touch.origin.offsets[:-1] for touch in run.touches}
        for touch in touches[:_MOST_PERTURBED]:
            if touch.origin.offsets in used:
                continue  # a pointer that was followed
            disturbed = {**run.assignment, touch.origin: touch.value ^ _DISTURBANCE}
            other = self._runner.run(
                run.function, disturbed, run.choices, follow=run.path[: number + 1]
            )
            if (
                len(other.branches) > number
                and other.branches[number].comparison != branch.comparison
            ):
                sentence = f"the branch at {at} depends on {touch.origin}, and went one way"
                self._found.doubts[sentence] = None
                return
