"""Reaching an allocation: from a function's beginning, branch by branch.

Each branch that a run meets is turned the other way: by an input if one is found at once, else,
before the allocation, by force. Branches never gone before come first. A path that stays forced is
solved for afterwards (``solve``).
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, NamedTuple

from ntscan.machinecode.budget import ShareSpentError
from ntscan.machinecode.kernel.state import Choices
from ntscan.machinecode.run import Course, Run
from ntscan.machinecode.runner import Runner
from ntscan.machinecode.search.candidates import Assignment, direct, is_range
from ntscan.machinecode.search.case import SHARE_SPENT
from ntscan.machinecode.traced import CompletionMode

#: What the rest of the system does while a way to the allocation is looked for.
FIRST_CHOICES: Final = Choices(mode=CompletionMode.SUCCESS, fast_io_answer=False)

_MOST_RUNS: Final = 400
_MOST_PROPOSALS: Final = 40
_MOST_TURNS_OF_ONE_EDGE: Final = 4


class _Turn(NamedTuple):
    """A branch of a run, by its number, that is to be turned; the lowest comes first.

    ``order`` is another in each, so that nothing behind it is compared.
    """

    known: int
    forced: int
    order: int
    run: Run
    number: int
    forced_before: Mapping[int, bool]


@dataclass(slots=True)
class Reached:
    """The runs that allocated an IRP: with inputs alone, and with branches forced."""

    natural: list[Run] = field(default_factory=list)
    forced: list[Run] = field(default_factory=list)
    #: Why the runs that allocated nothing, and were not forced, came to no clean return.
    ended: dict[str, None] = field(default_factory=dict)


def explore(runner: Runner, function: int) -> Reached:
    """Look for runs of a function that allocate an IRP; raises BudgetSpentError alone."""
    return _Exploration(runner, function).explore()


class _Exploration:
    def __init__(self, runner: Runner, function: int) -> None:
        self._runner = runner
        self._function = function
        self._reached = Reached()
        self._turns: list[_Turn] = []
        self._order = 0
        self._runs = 0
        self._edges: dict[tuple[int, bool], int] = {}
        self._tried: dict[tuple[int, bool], int] = {}

    def explore(self) -> Reached:
        try:
            with self._runner.meter.half_of_share():
                self._search()
        except ShareSpentError:
            self._reached.ended[SHARE_SPENT] = None
        return self._reached

    def _search(self) -> None:
        self._take(self._run({}, {}), {}, 0)
        while self._turns and self._runs < _MOST_RUNS:
            turn = heapq.heappop(self._turns)
            edge = _edge(turn)
            known = self._edges.get(edge, 0)
            if known and not turn.known:
                heapq.heappush(self._turns, turn._replace(known=known))
                continue
            if self._tried.get(edge, 0) >= _MOST_TURNS_OF_ONE_EDGE:
                continue
            self._tried[edge] = self._tried.get(edge, 0) + 1
            self._turn(turn)

    def _run(
        self,
        assignment: Assignment,
        forced: Mapping[int, bool],
        follow: Sequence[tuple[int, bool]] = (),
    ) -> Run:
        self._runs += 1
        course = Course(forced=forced, follow=follow)
        return self._runner.run(self._function, assignment, FIRST_CHOICES, course)

    def _take(self, run: Run, forced: Mapping[int, bool], bound: int) -> None:
        """Note what a run reached, and put its branches from a number on, past all forced ones."""
        if run.allocation is None:
            if run.natural and run.ended:
                self._reached.ended[run.ended] = None
        elif run.natural:
            self._reached.natural.append(run)
        else:
            self._reached.forced.append(run)
        for edge in run.path:
            self._edges[edge] = self._edges.get(edge, 0) + 1
        end = len(run.branches) if run.allocation is None else run.allocation
        for number in range(bound, end):
            self._order += 1
            branch = run.branches[number]
            known = self._edges.get((branch.address, not branch.taken), 0)
            turn = _Turn(known, len(forced), self._order, run, number, forced)
            heapq.heappush(self._turns, turn)

    def _turn(self, turn: _Turn) -> None:
        run, number = turn.run, turn.number
        wanted = (*run.path[:number], _edge(turn))
        branch = run.branches[number]
        if branch.natural is branch.taken and self._turn_by_input(turn, wanted):
            return
        forced = {**turn.forced_before, number: not branch.taken}
        found = self._run(run.assignment, forced, wanted)
        if found.path[: number + 1] == wanted:
            self._take(found, forced, number + 1)

    def _turn_by_input(self, turn: _Turn, wanted: tuple[tuple[int, bool], ...]) -> bool:
        """Look for inputs that turn a branch; where it may guard a table, for one of each way."""
        run, number = turn.run, turn.number
        branch = run.branches[number]
        comparison = branch.comparison
        guards = comparison is not None and (
            is_range(comparison.left) or is_range(comparison.right)
        )
        paths: set[tuple[tuple[int, bool], ...]] = set()
        for assignment in islice(direct(run, branch), _MOST_PROPOSALS):
            found = self._run(assignment, turn.forced_before, wanted)
            if found.path[: number + 1] == wanted and found.path not in paths:
                paths.add(found.path)
                self._take(found, turn.forced_before, number + 1)
                if not guards:
                    break
        return bool(paths)


def _edge(turn: _Turn) -> tuple[int, bool]:
    branch = turn.run.branches[turn.number]
    return branch.address, not branch.taken


def shortest_forced(reached: Reached) -> Iterator[Run]:
    """Give forced runs, those with the fewest branches on the way to the allocation first."""
    return iter(sorted(reached.forced, key=lambda run: (len(run.branches), run.allocation or 0)))
