"""From the bytes of a driver's file to what its own machine code does with its IRPs."""

from collections.abc import Sequence
from typing import Final

from ntscan.machinecode.budget import Budget, BudgetSpentError, Meter
from ntscan.machinecode.grading import Verdict, grade
from ntscan.machinecode.kernel.request import Request
from ntscan.machinecode.loader.load_image import load_image
from ntscan.machinecode.loader.loaded_image import LoadedImage
from ntscan.machinecode.machines import MACHINES
from ntscan.machinecode.origin import is_answer
from ntscan.machinecode.run import Run
from ntscan.machinecode.runner import Runner
from ntscan.machinecode.search.cases import Search
from ntscan.machinecode.search.settled import settled_allocations
from ntscan.machinecode.search.traverse import FromStart, traverse
from ntscan.machinecode.start_points import FREEING_ROUTINES, Survey
from ntscan.machinecode.traced import IrpTrace, Trace

#: The IRPs that a trace names at most.
_MOST_IRPS: Final = 64
#: One start point may spend one of so many parts of what is left of the budget.
_MOST_SHARES: Final = 4


def trace(data: bytes, budget: Budget | None = None) -> Trace:
    """Run an image's own code in a sealed interpreter, and grade what it does with its IRPs.

    Raises ImageError, whose message is a sentence without the path, where the bytes are no image
    that NT 4.0 would load, or one of a machine whose code is not run. It spends no more than its
    budget on the image's code; nothing that is scanned is executed by this computer itself.
    """
    meter = Meter(budget or Budget())
    image = load_image(data)
    survey = MACHINES[image.machine].survey(image)
    found, unfinished = _search(image, survey, meter)
    verdict = grade(found, survey, unfinished)
    return Trace(
        machine=image.machine,
        grade=verdict.grade,
        reason=verdict.reason,
        irps=_irps(image, verdict),
        unmodelled=_unmodelled(found),
        instructions=meter.instructions,
        seconds=meter.seconds,
    )


def _search(image: LoadedImage, survey: Survey, meter: Meter) -> tuple[list[FromStart], str]:
    """Search from every start point; say also why that was cut short, if it was.

    Left out are the callers of functions that were seen to be done with the IRPs they allocate,
    and, where the image frees none by itself, all that follows a doubt: it stays inconclusive.
    """
    frees = any(routine.name in FREEING_ROUTINES for routine in image.imports.values())
    found: list[FromStart] = []
    settled: set[int] = set()
    try:
        runner = Runner(image, meter)
        for number, start in enumerate(survey.points):
            if settled.issuperset(start.allocations):
                continue
            meter.begin_share(min(len(survey.points) - number, _MOST_SHARES))
            found.append(one := traverse(runner, start, Search.FULL if frees else Search.TO_DOUBT))
            if one.cases.doubts and not frees:
                break
            settled.update(settled_allocations(one))
    except BudgetSpentError as spent:
        return found, f"the search ended at its limit of {spent}"
    return found, ""


def _unmodelled(found: Sequence[FromStart]) -> tuple[str, ...]:
    names = (
        name
        for one in found
        for case in one.cases.cases
        for run in case.runs.values()
        for name in run.unmodelled
    )
    return tuple(dict.fromkeys(names))


def _irps(image: LoadedImage, verdict: Verdict) -> tuple[IrpTrace, ...]:
    return tuple(_irp(image, run, request) for run, request in verdict.shown[:_MOST_IRPS])


def _irp(image: LoadedImage, run: Run, request: Request) -> IrpTrace:
    send = request.sends[-1] if request.sends else None
    witness = {str(origin): value for origin, value in run.assignment.items()}
    witness |= {str(touch.origin): touch.value for touch in run.touches if is_answer(touch.origin)}
    return IrpTrace(
        start=run.function - image.base,
        major=send.major if send else None,
        minor=send.minor if send else None,
        allocated_at=request.allocated_at,
        sent_at=send.sent_at if send else None,
        completed_at=request.completed_at,
        free_sites=tuple(request.free_sites),
        witness=witness,
        mode=run.choices.mode,
        fast_io_answer=request.answers_before[-1] if request.answers_before else None,
        natural=run.natural,
        clean_return=run.clean_return,
    )
