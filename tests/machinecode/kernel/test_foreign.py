"""Calls through pointers to other drivers are known by the path to the pointer."""

import pytest

from fixtures.bare_driver import BASE, CODE, bare_image
from ntscan.machinecode.budget import Budget, Meter
from ntscan.machinecode.kernel.state import Choices
from ntscan.machinecode.run import Run
from ntscan.machinecode.runner import Runner
from ntscan.machinecode.traced import CompletionMode

# Arguments: [esp+4] a file object, [esp+8] a device; EBX holds the device.
PROLOGUE = "53  8b 5c 24 0c"
EPILOGUE = "5b  c2 08 00"
THROUGH = "8b 43 {driver}  8b 40 {table}  ff 50 {slot}"
IMPORTS = ("IoGetRelatedDeviceObject", "IoAllocateIrp")


def run(code: str, *, answer: bool = False) -> Run:
    """Run code that returns by itself."""
    runner = Runner(bare_image(code, IMPORTS), Meter(Budget()))
    choices = Choices(mode=CompletionMode.SUCCESS, fast_io_answer=answer)
    return runner.run(BASE + CODE, {}, choices)


def call(arguments: int, driver: str, table: str, slot: str, last: str = "53") -> str:
    """Push a device and so many zeros less one, and call through a device's driver."""
    pushes = " ".join([last, *["6a 00"] * (arguments - 1)])
    return f"{PROLOGUE} {pushes} {THROUGH.format(driver=driver, table=table, slot=slot)} {EPILOGUE}"


@pytest.mark.parametrize(
    ("slot", "arguments"), [("1c", 7), ("18", 9), ("20", 4), ("08", 8), ("10", 5)]
)
@pytest.mark.parametrize("answer", [True, False])
def test_fast_io_is_answered_as_the_run_has_it(slot: str, arguments: int, answer: bool) -> None:
    """Each routine takes its own number of arguments; FastIoUnlockSingle's answer is kept."""
    done = run(call(arguments, "08", "28", slot), answer=answer)
    assert done.ended == ""
    assert done.fast_io_answers == ((answer,) if slot == "1c" else ())


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (call(7, "08", "24", "1c"), "another table"),
        (call(7, "0c", "28", "1c"), "another object"),
        (call(7, "08", "28", "60"), "no routine of the table"),
        (call(7, "08", "28", "1c", last="6a 00"), "no device"),
        (call(7, "08", "28", "1c", last="ff 74 24 08"), "another device"),
    ],
    ids=lambda value: value if " " in value and value[0].isalpha() else "",
)
def test_what_only_looks_like_fast_io_is_not_answered(code: str, why: str) -> None:
    """The path and the device must both fit; otherwise the routine is unknown."""
    assert "calls a routine that is not modelled: arg1[" in run(code).ended, why


def test_a_dispatch_routine_gets_the_irp() -> None:
    """A call through MajorFunction[] is a send from the location that the driver has moved to."""
    code = f"""
    {PROLOGUE}  6a 00 6a 01 ff 15 [IoAllocateIrp]
    8b 4c 24 08 89 48 50  fe 48 23  83 68 60 24  8b 50 60  c7 02 11 02 00 00
    50 53  8b 43 08  ff 50 7c  {EPILOGUE}
    """
    done = run(code)
    (irp,) = done.requests
    assert done.ended == ""
    assert [(send.major, send.minor) for send in irp.sends] == [(0x11, 2)]


def test_a_dispatch_routine_is_not_given_another_s_irp() -> None:
    """A request that the driver did not allocate is not followed."""
    code = f"{PROLOGUE} 6a 00 53 8b 43 08 ff 50 7c {EPILOGUE}"
    assert "a request that it did not allocate is sent" in run(code).ended
