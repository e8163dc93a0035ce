"""What ends a path: each way in which a run cannot be followed to a clean return, by its reason."""

import pytest

from fixtures.bare_driver import BASE, CODE, bare_image
from ntscan.machinecode.budget import Budget, BudgetSpentError, Meter
from ntscan.machinecode.kernel.state import Choices
from ntscan.machinecode.origin import Origin
from ntscan.machinecode.run import Course, Run
from ntscan.machinecode.runner import Runner
from ntscan.machinecode.traced import CompletionMode

CHOICES = Choices(mode=CompletionMode.SUCCESS, fast_io_answer=False)
IMPORTS = (
    "IoAllocateIrp",
    "IoFreeIrp",
    "KeWaitForSingleObject",
    "KeInitializeEvent",
    "ExAllocatePool",
    "RtlAppendUnicodeToString",
    "IoQueueThreadIrp",
    "PsSetLoadImageNotifyRoutine",
    "KeBugCheck",
    "DbgPrint",
    "NewOne",
    "ExInterlockedAddLargeInteger",
)

WAIT_FOR_AN_EVENT = """
83 ec 10  8b c4 6a 00 6a 00 50 ff 15 [KeInitializeEvent]
8b c4 6a 00 6a 00 6a 00 6a 00 50 ff 15 [KeWaitForSingleObject]  83 c4 10  c3
"""


def run(code: str, budget: Budget | None = None, dll: str = "ntoskrnl.exe") -> Run:
    """Run the code at the beginning of an image with unknown arguments."""
    runner = Runner(bare_image(code, IMPORTS, dll=dll), Meter(budget or Budget()))
    return runner.run(BASE + CODE, {}, CHOICES)


@pytest.mark.parametrize(
    "code",
    [
        "c3",
        "c2 0c 00",
        "55 8b ec 8b 45 08 5d c2 04 00",
        "53 56 57 33 db 33 f6 33 ff 5f 5e 5b c3",
        "6a 01 6a 02 6a 03 ff 15 [DbgPrint] 83 c4 0c c3",
        "8b 44 24 04 8b 40 08 8b 40 28 8b 40 1c c3",
    ],
    ids=["cdecl", "stdcall", "frame", "registers saved", "cdecl call", "pointers followed"],
)
def test_a_clean_return_is_one(code: str) -> None:
    """Stack and preserved registers are as before; arguments may have been taken off the stack."""
    assert run(code).ended == ""


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("33 db c3", "other preserved registers"),
        ("83 c4 04 c3", "calls a routine that is not modelled: arg0"),
        ("50 c3", "routine that is not modelled: eax"),
        ("6a 01 6a 02 6a 03 ff 15 [DbgPrint] c3", "where no routine is known"),
        ("eb fe", "does not return within 20,000 instructions"),
        ("e8 fb ff ff ff c3", "nothing lies at 0xfc49"),
        ("cc", "which is not interpreted"),
        ("8b 05 10 00 00 00 c3", "nothing lies at 0x10"),
        ("c7 05 <1000> 00 00 00 00 c3", "a write to read-only memory"),
        ("ff 15 [NewOne] c3", "calls ntoskrnl.exe!NewOne, which is not modelled"),
        ("6a 00 ff 15 [KeBugCheck] c3", "calls ntoskrnl.exe!KeBugCheck"),
        (
            "6a 00 6a 01 ff 15 [IoAllocateIrp] 50 ff 15 [IoQueueThreadIrp] c3",
            "hands an IRP to ntoskrnl.exe!IoQueueThreadIrp",
        ),
        (
            "68 <1000> ff 15 [PsSetLoadImageNotifyRoutine] c3",
            "hands a callback to ntoskrnl.exe!PsSetLoadImageNotifyRoutine",
        ),
        ("ff 74 24 04 ff 15 [IoFreeIrp] c3", "an IRP that it did not allocate is freed"),
        ("8b 44 24 04 ff 50 10 c3", "calls a routine that is not modelled: arg0+0x10"),
        ("33 c0 ff d0 c3", "calls 0x00000000"),
        (
            WAIT_FOR_AN_EVENT,
            "waits for something that nothing signals",
        ),
        ("68 00 00 10 00 6a 00 ff 15 [ExAllocatePool] c3", "0x100000 bytes of pool"),
    ],
)
def test_a_path_that_cannot_be_followed_ends_with_its_reason(code: str, reason: str) -> None:
    """Nothing is guessed: the run says what it met and where."""
    assert reason in run(code).ended


def test_a_routine_without_a_model_is_named_and_answered_with_an_unknown() -> None:
    """RtlAppendUnicodeToString takes two arguments off the stack; the run goes on."""
    done = run("6a 00 6a 00 ff 15 [RtlAppendUnicodeToString] c3")
    assert (done.ended, done.unmodelled) == ("", ("ntoskrnl.exe!RtlAppendUnicodeToString",))
    assert Origin("RtlAppendUnicodeToString()") in [touch.origin for touch in done.touches]


def test_branches_are_forced_only_before_an_allocation() -> None:
    """The same branch, met before and after IoAllocateIrp, goes its own way after it."""
    test = "85 c0 74 00"
    code = f"{test} 6a 00 6a 01 ff 15 [IoAllocateIrp] {test} c3"
    runner = Runner(bare_image(code, IMPORTS), Meter(Budget()))
    forced = runner.run(BASE + CODE, {}, CHOICES, Course(forced={0: True, 1: True}))

    assert [(branch.natural, branch.taken) for branch in forced.branches] == [
        (False, True),
        (False, False),
    ]
    assert (forced.natural, forced.allocation) == (False, 1)


@pytest.mark.parametrize(
    ("budget", "limit"),
    [
        (Budget(instructions=15_000), "15,000 instructions"),
        (Budget(paths=0), "0 paths"),
        (Budget(seconds=1.0, clock=iter(range(99)).__next__), "1 seconds"),
    ],
)
def test_no_bound_of_the_budget_is_passed(budget: Budget, limit: str) -> None:
    """Instructions, paths and seconds each end the analysis, whatever the code does."""
    with pytest.raises(BudgetSpentError, match=limit):
        run("eb fe", budget)


def test_a_run_that_touches_too_much_memory_ends() -> None:
    """A loop that pushes its way through memory is stopped by the words that it has touched."""
    code = "8b 44 24 04 8b 00 eb fc"  # for (p = arg0; ; p = *p)
    assert "touches more than 1,000 words" in run(code, Budget(path_words=1_000)).ended
