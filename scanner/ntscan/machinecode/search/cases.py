"""From inputs that reach an allocation to all that the driver does with the IRP afterwards.

Nothing is forced here. The inputs are run with every way in which the request can complete, and
with FastIoUnlockSingle answering TRUE; a branch after the allocation that went one way only is
turned by other inputs where they can be found, and each such input is a case of its own.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from enum import Enum, auto
from itertools import islice
from typing import Final

from ntscan.machinecode.budget import ShareSpentError
from ntscan.machinecode.origin import Origin, is_answer
from ntscan.machinecode.run import Branch, Course, Run
from ntscan.machinecode.runner import Runner
from ntscan.machinecode.search.candidates import (
    Assignment,
    direct,
    indirect,
)
from ntscan.machinecode.search.case import ANSWERED, REFUSED, SHARE_SPENT, Case, Cases
from ntscan.machinecode.search.dependence import Dependence, which_inputs
from ntscan.machinecode.search.preconditions import note_preconditions
from ntscan.machinecode.search.shorten import counting, shorten

_MOST_CASES: Final = 24
_FEWER_CASES: Final = 8
_MOST_PROPOSALS: Final = 40
_MOST_TRIALS: Final = 200


class Search(Enum):
    """How far to search: for all that can be found, or, with fewer cases, to the first doubt."""

    FULL = auto()
    TO_DOUBT = auto()


def run_cases(runner: Runner, first: list[Run], search: Search = Search.FULL) -> Cases:
    """Run inputs that reach an allocation in every way; raises BudgetSpentError alone."""
    return _Work(runner, first, search).do()


class _Work:
    def __init__(self, runner: Runner, first: list[Run], search: Search) -> None:
        self._runner = runner
        self._to_doubt = search is Search.TO_DOUBT
        self._most_cases = _FEWER_CASES if self._to_doubt else _MOST_CASES
        self._waiting = deque((run.function, run.assignment) for run in first)
        self._found = Cases()
        self._endless: list[Run] = []
        self._stays_endless = False
        self._seen: set[frozenset[tuple[Origin, int]]] = set()
        self._edges: set[tuple[int, bool]] = set()
        self._tried: set[tuple[tuple[int, bool], bool]] = set()
        self._acted: set[tuple[Origin, bool]] = set()
        self._dependence = Dependence(runner)
        self._undecided: list[tuple[Run, Branch]] = []
        self._unturned: dict[tuple[int, bool], tuple[Run, int]] = {}

    def do(self) -> Cases:
        whole = True
        try:
            self._search()
        except ShareSpentError:
            whole = False
            self._found.doubts[SHARE_SPENT] = None
        self._runner.meter.end_share()
        self._judge_undecided()
        self._judge_endless()
        note_preconditions(self._runner, self._found.cases, whole=whole)
        return self._found

    def _search(self) -> None:
        self._run_waiting()
        while self._unturned and not (self._to_doubt and self._found.doubts):
            edge, (run, number) = self._unturned.popitem()
            if edge not in self._edges:
                self._disturb(run, number)
                self._run_waiting()

    def _run_waiting(self) -> None:
        while self._waiting and len(self._found.cases) < self._most_cases:
            function, assignment = self._waiting.popleft()
            key = frozenset(assignment.items())
            if key not in self._seen:
                self._seen.add(key)
                self._add(function, assignment)
        if self._waiting:
            self._found.doubts["more inputs lead to the allocation than were run"] = None

    def _judge_endless(self) -> None:
        """Keep the runs that loop on and on, but where others go all their ways and return."""
        returned = {
            edge
            for case in self._found.cases
            for run in case.runs.values()
            if run.clean_return
            for edge in run.path
        }
        for run in self._endless:
            if not returned.issuperset(run.path):
                self._found.doubts[run.ended] = None
            for branch in counting(run):
                if (branch.address, not branch.taken) not in returned:
                    self._doubt(branch, "the rounds of a loop")

    def _add(self, function: int, assignment: Mapping[Origin, int]) -> None:
        case = Case(assignment)
        for choices in (*REFUSED, ANSWERED):
            run = case.runs[choices] = self._runner.run(function, assignment, choices)
            if run.exhausted and run.allocation is not None and self._shorten(run):
                self._endless.append(run)
                return
        for run in case.refused:
            case.varied += self._vary(run)
        self._found.cases.append(case)
        for run in case.refused:
            self._act_otherwise(run)
        for run in case.runs.values():
            if run.allocation is not None:
                self._edges.update(run.path[run.allocation :])
        for run in case.refused:
            if run.allocation is not None:
                for number in range(run.allocation, len(run.branches)):
                    self._turn(run, number)

    def _act_otherwise(self, run: Run) -> None:
        """Put on the list what the rest of the system may do and no branch of the driver compares.

        Each is done once the other way, where requests fail and where they do not.
        """
        for touch in run.touches[run.touches_before :]:
            turned = (touch.origin, not touch.value)
            if touch.origin in run.acted_on and turned not in self._acted:
                self._acted.add(turned)
                assignment = {**run.assignment, touch.origin: int(not touch.value)}
                self._waiting.append((run.function, assignment))

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

    def _shorten(self, run: Run) -> bool:
        """Put inputs on the list with which a run that goes on and on returns, if there are any."""
        if self._stays_endless:
            return False
        assignment = shorten(self._runner, run)
        if assignment is None:
            self._stays_endless = True
            return False
        self._waiting.append((run.function, assignment))
        return True

    def _turn(self, run: Run, number: int) -> None:
        """Look for inputs that turn a branch that has gone one way only."""
        branch = run.branches[number]
        edge = (branch.address, not branch.taken)
        tried = (edge, run.choices.mode.fails)
        if edge in self._edges or tried in self._tried:
            return
        self._tried.add(tried)
        if not self._turn_by(islice(direct(run, branch), _MOST_PROPOSALS), run, number):
            self._unturned[edge] = (run, number)

    def _turn_by(self, proposals: Iterable[Assignment], run: Run, number: int) -> bool:
        """Try inputs; put the first that turns a branch on the list."""
        branch = run.branches[number]
        wanted = (*run.path[:number], (branch.address, not branch.taken))
        for assignment in proposals:
            tried = self._runner.run(
                run.function, assignment, run.choices, Course(follow=wanted, only_follow=True)
            )
            if tried.path[: number + 1] == wanted:
                self._waiting.append((run.function, assignment))
                return True
        return False

    def _disturb(self, run: Run, number: int) -> None:
        """Find out whether inputs decide a branch that none has turned; if so, turn it or doubt.

        They do where it compares a word of theirs, or something else once such a word is changed,
        on whatever way that leads there.
        """
        branch = run.branches[number]
        decides = self._dependence.decides(run, branch, self._found.cases)
        while self._dependence.wrong:
            wrong = self._dependence.wrong.pop()
            self._waiting.append((wrong.function, wrong.assignment))
        if not decides:
            self._undecided.append((run, branch))
        elif not self._turn_by(islice(indirect(run, branch), _MOST_TRIALS), run, number):
            self._doubt(branch, decides)

    def _doubt(self, branch: Branch, decides: str) -> None:
        at = f"0x{branch.address - self._runner.image.base:x}"
        sentence = f"the branch at {at} depends on {decides}, and went one way only"
        self._found.doubts[sentence] = None

    def _judge_undecided(self) -> None:
        """Look again, now that all cases have run, at branches that nothing seemed to decide."""
        for run, branch in self._undecided:
            if (branch.address, not branch.taken) not in self._edges:
                decides = which_inputs(run, branch, self._found.cases)
                if decides:
                    self._doubt(branch, decides)
