"""Loops without an end are noticed early, and no other loop is taken for one."""

import pytest

from fixtures.bare_driver import BASE, CODE, bare_image
from ntscan.machinecode.budget import Budget, Meter
from ntscan.machinecode.kernel.state import Choices
from ntscan.machinecode.run import FREE, Course, Run
from ntscan.machinecode.runner import Runner
from ntscan.machinecode.traced import CompletionMode

CHOICES = Choices(mode=CompletionMode.SUCCESS, fast_io_answer=False)
IMPORTS = ("IoAllocateIrp", "IoFreeIrp", "DbgPrint")
# again: EAX = 0; if (EAX == 0) goto again; return;
SPIN = "33 c0 74 fc c3"


def run(code: str, course: Course = FREE) -> tuple[Run, int]:
    """Run the code at the beginning of an image; tell also how many instructions that took."""
    meter = Meter(Budget())
    runner = Runner(bare_image(code, IMPORTS), meter)
    return runner.run(BASE + CODE, {}, CHOICES, course), meter.instructions


@pytest.mark.parametrize(
    ("code", "reason", "most"),
    [
        (SPIN, "goes round in circles at 0x1002, and nothing changes", 300),
        # do EAX = *EAX; while (EAX != 0);
        ("8b 44 24 04 8b 00 85 c0 75 fa c3", "follows more than 64 pointers in a row", 300),
    ],
    ids=["spin", "list"],
)
def test_a_loop_without_an_end_is_noticed(code: str, reason: str, most: int) -> None:
    """Its reason is said, and it costs some hundreds of instructions, not what a path may have."""
    done, instructions = run(code)
    assert reason in done.ended
    assert done.exhausted
    assert instructions < most


# Each counts to 127 where no register shows it: at the first of its two branches all registers and
# flags are as they were.
COUNTERS = {
    # Count = 127; do { EAX = 0; if (EAX == 0) ; } while (--Count != 0);
    "on the stack": "6a 7f  33 c0 74 00  ff 0c 24  75 f7  58 c3",
    # the same in an IRP that was freed, at 4
    "in a freed IRP": """
    56  6a 00 6a 01 ff 15 [IoAllocateIrp]  8b f0  56 ff 15 [IoFreeIrp]
    c7 46 04 7f 00 00 00  33 c0 74 00  ff 4e 04  75 f7  5e c3
    """,
}


@pytest.mark.parametrize("code", COUNTERS.values(), ids=COUNTERS.keys())
def test_a_loop_that_counts_in_memory_ends(code: str) -> None:
    """Memory is part of what is compared, and so is what was freed."""
    done, _ = run(code)
    assert done.clean_return, done.ended


def test_a_loop_that_calls_the_kernel_is_followed_to_its_limit() -> None:
    """What the kernel keeps is not compared, so nothing is said of a loop through a call."""
    done, _ = run("6a 00 ff 15 [DbgPrint] 58  33 c0 33 c9 33 d2 74 ef c3")
    assert "does not return within 20,000 instructions" in done.ended


def test_a_loop_that_is_forced_to_end_later_is_followed() -> None:
    """A branch that is still to be forced may end what goes round in circles."""
    done, _ = run(SPIN, Course(forced={500: False}))
    assert done.clean_return
    assert len(done.branches) == 501
