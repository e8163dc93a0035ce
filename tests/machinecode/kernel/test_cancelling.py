"""IoCancelIrp on an IRP that was sent: whether it completes by that, and with which status."""

import pytest

from fixtures.bare_driver import BASE, CODE, bare_image
from ntscan.machinecode.budget import Budget, Meter
from ntscan.machinecode.kernel.state import Choices
from ntscan.machinecode.origin import Origin
from ntscan.machinecode.run import Run
from ntscan.machinecode.runner import Runner
from ntscan.machinecode.traced import CompletionMode, FreedBy

IMPORTS = ("IoAllocateIrp", "IofCallDriver", "IoCancelIrp", "IoFreeIrp")
STATUS_SUCCESS, STATUS_RANGE_NOT_LOCKED, STATUS_CANCELLED = 0, 0xC000007E, 0xC0000120

# The function at 0x1000 allocates an IRP, sends it to the device at [esp+8], cancels it, and
# compares what IoCancelIrp answers with 0. The completion routine compares the status and frees.
CANCELS = """
53  6a 00 6a 02  ff 15 [IoAllocateIrp]  8b d8
8b 4b 60  83 e9 24  c7 01 11 02 00 e0  c7 41 1c <1080>
{before}
8b 4c 24 08  8b d3  ff 15 [IofCallDriver]
53  ff 15 [IoCancelIrp]  83 f8 00  74 00  5b  c2 08 00
@1080  8b 44 24 08  83 78 18 00  74 00  {frees}  b8 16 00 00 c0  c2 0c 00
"""
FREES = "50  ff 15 [IoFreeIrp]"


def run(
    mode: CompletionMode, *, frees: str = FREES, before: str = "", cancelled: int | None = None
) -> Run:
    """Run the function once; ``cancelled`` is what IoCancelIrp is made to answer."""
    runner = Runner(
        bare_image(CANCELS.format(frees=frees, before=before), IMPORTS), Meter(Budget())
    )
    assignment = {} if cancelled is None else {Origin("IoCancelIrp"): cancelled}
    return runner.run(BASE + CODE, assignment, Choices(mode=mode, fast_io_answer=False))


@pytest.mark.parametrize(
    ("mode", "cancelled", "compared"),
    [
        (CompletionMode.PENDING_AT_WAIT_ERROR, None, [STATUS_CANCELLED, 1]),
        (CompletionMode.PENDING_AT_WAIT_ERROR, 0, [0, STATUS_RANGE_NOT_LOCKED]),
        (CompletionMode.PENDING_AT_WAIT, None, [0, STATUS_SUCCESS]),
        (CompletionMode.PENDING_AT_WAIT, 1, [STATUS_SUCCESS, 1]),
    ],
)
def test_an_irp_is_cancelled_or_it_is_too_late(
    mode: CompletionMode, cancelled: int | None, compared: list[int]
) -> None:
    """The completion routine runs within IoCancelIrp, which answers TRUE, or when it is waited."""
    done = run(mode, cancelled=cancelled)
    (irp,) = done.requests
    assert (done.ended, done.doubts) == ("", ())
    assert [branch.comparison.left for branch in done.branches if branch.comparison] == compared
    assert [site.by for site in irp.free_sites] == [FreedBy.COMPLETION]


def test_an_irp_that_has_completed_is_not_cancelled() -> None:
    """No driver has it any more: IoCancelIrp answers FALSE."""
    done = run(CompletionMode.SUCCESS, frees="")
    assert done.ended == ""
    assert [branch.comparison.left for branch in done.branches if branch.comparison] == [0, 0]


def test_an_irp_that_was_freed_is_doubted() -> None:
    """IoCancelIrp of a freed IRP uses what is freed."""
    assert "an IRP is used after it was freed" in run(CompletionMode.SUCCESS).doubts


@pytest.mark.parametrize(
    ("before", "ended"),
    [
        ("c7 43 38 <1080>", "whose cancel routine is the driver's own"),
        ("8b 5c 24 0c", "a request that it did not allocate is sent"),
        ("ff 74 24 0c  ff 15 [IoCancelIrp]", "a request that it did not allocate is cancelled"),
    ],
)
def test_what_cannot_be_told_ends_the_path(before: str, ended: str) -> None:
    """A cancel routine of the driver's own, and an IRP that came from elsewhere."""
    assert ended in run(CompletionMode.PENDING_AT_WAIT, before=before).ended
