"""Double frees that rest on what a driver alone decides, and may never decide so.

A variable of the driver's, or an argument of a function that nothing but the driver calls, is an
input of a run like any other. Where only such make the driver free an IRP twice, the run proves
less: that they can be so is not shown.
"""

from collections.abc import Callable, Sequence
from typing import Final

from ntscan.machinecode.irp_facts import asks_to_unlock, is_freed_twice
from ntscan.machinecode.origin import Origin
from ntscan.machinecode.run import Run
from ntscan.machinecode.runner import Runner
from ntscan.machinecode.search.candidates import shown
from ntscan.machinecode.search.case import REFUSED, Case

_VARIABLES: Final = "image"
_ARGUMENTS: Final = ("arg", "eax", "ecx", "edx")
_MOST_COMPARED: Final = 8


def note_preconditions(runner: Runner, cases: Sequence[Case], *, whole: bool = True) -> None:
    """Note of each case whether its double free rests on variables, or on arguments too.

    Where the search was cut short, those are missing with which it may be right: what the driver
    decides and a branch compares is taken for what it rests on.
    """
    # Those that do it right first.
    others = sorted(cases, key=lambda case: not all(map(_is_right, case.refused)))
    for case in cases:
        if any(is_freed_twice(request) for run in case.refused for request in run.requests):
            case.rests_on_variables = _rests_on(runner, case, others, _is_variable) or (
                not whole and _compares(case, _is_variable)
            )
            case.rests_on_arguments = (
                case.rests_on_variables
                or _rests_on(runner, case, others, _is_own)
                or (not whole and _compares(case, _is_own))
            )


def _rests_on(
    runner: Runner, case: Case, others: Sequence[Case], is_own: Callable[[Origin], bool]
) -> bool:
    """Say whether with other values of nothing but these no IRP is freed twice."""
    as_stored = {
        touch.origin: 0
        for run in case.refused
        for touch in run.touches
        if _is_variable(touch.origin)
        and runner.image.word(runner.image.base + touch.origin.offsets[0]) == 0
    }
    kept = {origin: value for origin, value in case.assignment.items() if not is_own(origin)}
    for other in others[:_MOST_COMPARED]:
        own = {origin: value for origin, value in other.assignment.items() if is_own(origin)}
        for assignment in (kept | own, kept | own | as_stored):
            runs = (runner.run(case.answered.function, assignment, each) for each in REFUSED)
            if assignment != case.assignment and all(map(_is_right, runs)):
                return True
    return False


def _compares(case: Case, is_own: Callable[[Origin], bool]) -> bool:
    """Say whether a branch compares one of these words, whole or in part."""
    return any(
        is_own(origin)
        for run in case.refused
        for branch in {branch.address: branch for branch in run.branches}.values()
        for origin in shown(run, branch)
    )


def _is_variable(origin: Origin) -> bool:
    return origin.root == _VARIABLES and len(origin.offsets) == 1


def _is_own(origin: Origin) -> bool:
    """Say whether a word is a variable, or an argument itself and not what it points to."""
    is_argument = not origin.offsets and origin.root.startswith(_ARGUMENTS)
    return is_argument or _is_variable(origin)


def _is_right(run: Run) -> bool:
    """Say whether an IRP asks to unlock, and none is freed twice."""
    return (
        run.clean_return
        and any(map(asks_to_unlock, run.requests))
        and not any(map(is_freed_twice, run.requests))
    )
