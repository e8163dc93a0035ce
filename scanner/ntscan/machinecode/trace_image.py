"""From the bytes of a driver's file to what its own machine code does with its IRPs."""

from collections.abc import Sequence
from typing import Final

from ntscan.machinecode.budget import Budget, Meter
from ntscan.machinecode.grading import Verdict, grade
from ntscan.machinecode.kernel.request import Request
from ntscan.machinecode.loader.load_image import load_image
from ntscan.machinecode.loader.loaded_image import LoadedImage
from ntscan.machinecode.machines import MACHINES
from ntscan.machinecode.origin import is_answer
from ntscan.machinecode.run import Run
from ntscan.machinecode.runner import Runner
from ntscan.machinecode.search.traverse import FromStart
from ntscan.machinecode.search.whole_image import search_image
from ntscan.machinecode.traced import IrpTrace, Trace

#: The IRPs that a trace names at most.
_MOST_IRPS: Final = 64


def trace(data: bytes, budget: Budget | None = None) -> Trace:
    """Run an image's own code in a sealed interpreter, and grade what it does with its IRPs.

    Raises ImageError, whose message is a sentence without the path, where the bytes are no image
    that NT 4.0 would load, or one of a machine whose code is not run. It spends no more than its
    budget on the image's code; nothing that is scanned is executed by this computer itself.
    """
    meter = Meter(budget or Budget())
    image = load_image(data)
    survey = MACHINES[image.machine].survey(image)
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
