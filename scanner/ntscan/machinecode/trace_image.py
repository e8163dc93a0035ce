"""From the bytes of a driver's file to what its own machine code does with its IRPs."""

from ntscan.machinecode.budget import Budget, Meter
from ntscan.machinecode.loader.load_image import load_image
from ntscan.machinecode.loader.loaded_image import LoadedImage
from ntscan.machinecode.start_points import NOTHING_TO_RUN, Survey
from ntscan.machinecode.traced import Trace
from ntscan.vocabulary import Grade, Machine


def trace(data: bytes, budget: Budget | None = None) -> Trace:
    """Run an image's own code in a sealed interpreter, and grade what it does with its IRPs.

    Raises ImageError, whose message is a sentence without the path, where the bytes are no image
    that NT 4.0 would load, or one of a machine whose code is not run. It spends no more than its
    budget on the image's code; nothing that is scanned is executed by this computer itself.
    """
    meter = Meter(budget or Budget())
    image = load_image(data)
    survey = _survey(image)
    if not survey.points:
        return _nothing_to_run(image, meter)
    # The interpreters and the kernel's model are imported only where there is something to run.
    from ntscan.machinecode.analysis import analyse  # noqa: PLC0415

    return analyse(image, survey, meter)


def _survey(image: LoadedImage) -> Survey:
    """Survey an image's code; the finder is imported for the machine that the code is for."""
    if image.machine is Machine.ALPHA:
        from ntscan.machinecode.alpha.start_points import survey as survey_alpha  # noqa: PLC0415

        return survey_alpha(image)
    from ntscan.machinecode.i386.start_points import survey as survey_i386  # noqa: PLC0415

    return survey_i386(image)


def _nothing_to_run(image: LoadedImage, meter: Meter) -> Trace:
    return Trace(
        machine=image.machine,
        grade=Grade.INCONCLUSIVE,
        reason=f"{NOTHING_TO_RUN[0].upper()}{NOTHING_TO_RUN[1:]}.",
        irps=(),
        unmodelled=(),
        instructions=0,
        seconds=meter.seconds,
    )
