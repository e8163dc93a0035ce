"""From the code that allocates IRPs to what it does with them: the runs, and their grade."""

from collections.abc import Sequence
from typing import Final

from ntscan.machinecode.budget import Meter
from ntscan.machinecode.grading import Verdict, grade
from ntscan.machinecode.kernel.request import Request
from ntscan.machinecode.loader.loaded_image import LoadedImage
from ntscan.machinecode.origin import is_answer
from ntscan.machinecode.run import Run
from ntscan.machinecode.runner import Runner
from ntscan.machinecode.search.traverse import FromStart
from ntscan.machinecode.search.whole_image import search_image
from ntscan.machinecode.start_points import Survey
from ntscan.machinecode.traced import IrpTrace, Trace

#: The IRPs that a trace names at most.
_MOST_IRPS: Final = 64


def analyse(image: LoadedImage, survey: Survey, meter: Meter) -> Trace:
    """Run an image from the start points of its survey, and grade what was found."""
    found, unfinished = search_image(Runner(image, meter), survey)
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
