"""An IRP is sent, completes in each of the ways, and ends with whoever has it last."""

import pytest

from fixtures.bare_driver import BASE, CODE, bare_image
from ntscan.machinecode.budget import Budget, Meter
from ntscan.machinecode.kernel.state import Choices
from ntscan.machinecode.run import Run
from ntscan.machinecode.runner import Runner
from ntscan.machinecode.traced import CompletionMode, FreedBy

IMPORTS = ("IoAllocateIrp", "IofCallDriver", "IoFreeIrp")
MORE_PROCESSING_REQUIRED = "16 00 00 c0"
SUCCESS = "00 00 00 00"
ON_SUCCESS, ON_ERROR, ALWAYS = "40", "80", "e0"
STATUS_PENDING, STATUS_RANGE_NOT_LOCKED = 0x103, 0xC000007E

# The function at 0x1000 allocates an IRP with two locations, fills in the next one, names the
# thread at [esp+12] in the IRP, sends it to the device at [esp+8], and compares what comes back
# with STATUS_PENDING. The completion routine is at 0x1080.
SENDER = """
53  6a 00 6a 02  ff 15 [IoAllocateIrp]  8b d8
8b 4b 60  83 e9 24  c7 01 11 02 00 {control}  c7 41 1c <1080>
{thread}
8b 4c 24 08  8b d3  ff 15 [IofCallDriver]
3d 03 01 00 00  74 00  5b  c2 08 00
@1080  {completion}  b8 {answer}  c2 0c 00
"""
NAME_NO_THREAD = ""
NAME_A_THREAD = "8b 44 24 0c  89 43 50"
FREE = "ff 74 24 08  ff 15 [IoFreeIrp]"
KEEP = ""


def send(mode: CompletionMode, control: str, completion: str, answer: str, thread: str) -> Run:
    """Run the sender once."""
    code = SENDER.format(control=control, completion=completion, answer=answer, thread=thread)
    runner = Runner(bare_image(code, IMPORTS), Meter(Budget()))
    return runner.run(BASE + CODE, {}, Choices(mode=mode, fast_io_answer=False))


@pytest.mark.parametrize(
    ("mode", "returned"),
    [
        (CompletionMode.SUCCESS, 0),
        (CompletionMode.ERROR, STATUS_RANGE_NOT_LOCKED),
        (CompletionMode.PENDING_COMPLETED, STATUS_PENDING),
        (CompletionMode.PENDING_AT_WAIT, STATUS_PENDING),
    ],
)
def test_the_completion_routine_frees_in_every_mode(mode: CompletionMode, returned: int) -> None:
    """IofCallDriver returns what the driver below does; the completion routine always runs."""
    run = send(mode, ALWAYS, FREE, MORE_PROCESSING_REQUIRED, NAME_NO_THREAD)
    (irp,) = run.requests
    comparison = run.branches[0].comparison

    assert (run.ended, run.doubts) == ("", ())
    assert [(sent.major, sent.minor, sent.sent_at) for sent in irp.sends] == [(0x11, 2, 0x1026)]
    assert comparison is not None
    assert comparison.left == returned
    assert irp.completed_at == 0x1080
    assert [(site.rva, site.by) for site in irp.free_sites] == [(0x1084, FreedBy.COMPLETION)]


@pytest.mark.parametrize(
    ("mode", "control", "invoked"),
    [
        (CompletionMode.SUCCESS, ON_SUCCESS, True),
        (CompletionMode.SUCCESS, ON_ERROR, False),
        (CompletionMode.ERROR, ON_ERROR, True),
        (CompletionMode.ERROR, ON_SUCCESS, False),
        (CompletionMode.PENDING_AT_WAIT, ON_SUCCESS, True),
        (CompletionMode.PENDING_AT_WAIT, "00", False),
    ],
)
def test_control_says_when_the_completion_routine_runs(
    mode: CompletionMode, control: str, invoked: bool
) -> None:
    """SL_INVOKE_ON_SUCCESS and SL_INVOKE_ON_ERROR are honoured; else the I/O manager finishes."""
    run = send(mode, control, FREE, MORE_PROCESSING_REQUIRED, NAME_A_THREAD)
    (irp,) = run.requests
    by = FreedBy.COMPLETION if invoked else FreedBy.IO_MANAGER
    assert (run.ended, [site.by for site in irp.free_sites]) == ("", [by])


@pytest.mark.parametrize(
    ("completion", "answer", "thread", "frees", "ended"),
    [
        (KEEP, MORE_PROCESSING_REQUIRED, NAME_NO_THREAD, [], ""),
        (KEEP, SUCCESS, NAME_A_THREAD, [FreedBy.IO_MANAGER], ""),
        (FREE, SUCCESS, NAME_A_THREAD, [FreedBy.COMPLETION, FreedBy.IO_MANAGER], ""),
        (KEEP, SUCCESS, NAME_NO_THREAD, [], "an IRP that names no thread"),
        (FREE, SUCCESS, NAME_NO_THREAD, [FreedBy.COMPLETION], "an IRP that was freed"),
    ],
)
def test_the_io_manager_finishes_with_what_nobody_keeps(
    completion: str, answer: str, thread: str, frees: list[FreedBy], ended: str
) -> None:
    """STATUS_MORE_PROCESSING_REQUIRED leaves the IRP to the driver; without a thread none can."""
    run = send(CompletionMode.SUCCESS, ALWAYS, completion, answer, thread)
    (irp,) = run.requests
    assert [site.by for site in irp.free_sites] == frees
    assert ended in run.ended
    assert bool(ended) is bool(run.ended)


def test_an_irp_without_a_location_left_cannot_be_sent() -> None:
    """One location allocated and two used: NT stops with 0x35, and the path ends."""
    code = """
    53  6a 00 6a 01  ff 15 [IoAllocateIrp]  8b d8
    fe 4b 23  83 6b 60 24
    8b 4c 24 08  8b d3  ff 15 [IofCallDriver]  5b  c2 08 00
    """
    runner = Runner(bare_image(code, IMPORTS), Meter(Budget()))
    choices = Choices(mode=CompletionMode.SUCCESS, fast_io_answer=False)
    assert "STOP 0x35" in runner.run(BASE + CODE, {}, choices).ended
