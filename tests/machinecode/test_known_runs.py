"""What would be run a second time is not; whatever might make a difference is run."""

import pytest

from fixtures.bare_driver import BASE, CODE, bare_image
from ntscan.machinecode.budget import Budget, Meter
from ntscan.machinecode.kernel.state import Choices
from ntscan.machinecode.origin import Origin
from ntscan.machinecode.run import FREE, Course
from ntscan.machinecode.runner import Runner
from ntscan.machinecode.traced import CompletionMode

IMPORTS = ("IoAllocateIrp", "IofCallDriver")
FIRST = Choices(mode=CompletionMode.SUCCESS, fast_io_answer=False)
FAILING = Choices(mode=CompletionMode.ERROR, fast_io_answer=False)
ANSWERED = Choices(mode=CompletionMode.SUCCESS, fast_io_answer=True)
# It compares its argument with zero, and returns.
NOTHING = "83 7c 24 04 00 74 00 c3"
# It sends an IRP to its argument.
SENDS = """
6a 00 6a 01 ff 15 [IoAllocateIrp]  8b d0  8b 4c 24 04  ff 15 [IofCallDriver]  c3
"""
# It asks FastIoUnlockSingle of the driver of its argument, a device.
ASKS = """
8b 5c 24 04
53 6a 00 6a 00 6a 00 6a 00 6a 00 6a 00  8b 43 08  8b 40 28  ff 50 1c  c3
"""


class Runs:
    """Runs one function again and again, and tells whether each was run in truth."""

    def __init__(self, code: str) -> None:
        self.meter = Meter(Budget())
        self.runner = Runner(bare_image(code, IMPORTS), self.meter)
        self.is_run(FIRST)

    def is_run(
        self, choices: Choices, assignment: dict[Origin, int] | None = None, course: Course = FREE
    ) -> bool:
        """Ask for a run; say whether it took instructions."""
        before = self.meter.instructions
        run = self.runner.run(BASE + CODE, assignment or {}, choices, course)
        assert (run.choices, run.assignment) == (choices, assignment or {})
        return self.meter.instructions > before


@pytest.mark.parametrize(
    ("code", "choices", "is_run"),
    [
        (NOTHING, FIRST, False),
        (NOTHING, FAILING, False),
        (NOTHING, ANSWERED, False),
        (SENDS, FIRST, False),
        (SENDS, FAILING, True),
        (SENDS, ANSWERED, False),
        (ASKS, FIRST, False),
        (ASKS, FAILING, False),
        (ASKS, ANSWERED, True),
    ],
)
def test_only_what_was_asked_for_makes_another_run(
    code: str, choices: Choices, is_run: bool
) -> None:
    """How requests complete matters to a run that sends one; Fast I/O to one that asks it."""
    assert Runs(code).is_run(choices) is is_run


def test_other_inputs_or_another_course_make_another_run() -> None:
    """A value of a word, a forced branch, a path to follow or fewer steps are another run."""
    runs = Runs(NOTHING)
    assert runs.is_run(FIRST, {Origin("arg0"): 0})
    assert runs.is_run(FIRST, course=Course(forced={0: True}))
    assert runs.is_run(FIRST, course=Course(follow=((BASE + CODE + 5, True),)))
    assert runs.is_run(FIRST, course=Course(steps=2))


def test_a_runner_that_forgets_runs_again() -> None:
    """Unknown words have other values then."""
    runs = Runs(NOTHING)
    runs.runner.forget()
    assert runs.is_run(FIRST)


def test_a_known_run_counts_as_a_path() -> None:
    """The bound on paths holds whether they are run or known."""
    runs = Runs(NOTHING)
    before = runs.meter.paths
    runs.is_run(FIRST)
    assert runs.meter.paths == before + 1
