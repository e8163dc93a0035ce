"""What a driver does with its IRP on the article's path decides its grade; every doubt counts."""

from typing import Final

import pytest

from fixtures.bare_driver import BASE, CODE, bare_image
from ntscan.machinecode.budget import Budget, Meter
from ntscan.machinecode.grading import Verdict, grade
from ntscan.machinecode.runner import Runner
from ntscan.machinecode.search.traverse import traverse
from ntscan.machinecode.start_points import StartPoint, Survey
from ntscan.vocabulary import Grade

IMPORTS: Final = (
    "IoAllocateIrp",
    "IoFreeIrp",
    "IofCallDriver",
    "IoInitializeIrp",
    "IoGetInitialStack",
    "NewOne",
)
# Unlock(Device, Fork) at 0x1000: FastIoUnlockSingle, else an IRP. ESI is the IRP; EBX the device.
# Before the IRP is sent comes {before}, after it {after}; where Fast I/O answers TRUE, {answered}.
UNLOCK: Final = """
53 56  8b 5c 24 0c
53 6a 00 6a 00 6a 00 6a 00 6a 00 6a 00  8b 43 08  8b 40 28  ff 50 1c
84 c0  0f 85 ~1180
6a 00 6a 01 ff 15 [IoAllocateIrp]  8b f0
8b 4e 60  83 e9 24  c7 01 11 02 00 e0  c7 41 1c <1200>
{before}
8b cb  8b d6  ff 15 [IofCallDriver]
{after}
5e 5b c2 08 00
@1180 {answered} 5e 5b c2 08 00
@1200 {completion} b8 16 00 00 c0 c2 0c 00
"""
UNLOCK_BY_IRP: Final = """
6a 00 6a 01 ff 15 [IoAllocateIrp]  8b f0
8b 4e 60  83 e9 24  c7 01 11 02 00 e0  c7 41 1c <1200>
8b cb  8b d6  ff 15 [IofCallDriver]
5e 5b c2 08 00
"""
FREE: Final = "56 ff 15 [IoFreeIrp]"
COMPLETION_FREES: Final = "ff 74 24 08 ff 15 [IoFreeIrp]"
ALLOCATE_AND_FREE: Final = "6a 00 6a 01 ff 15 [IoAllocateIrp] 50 ff 15 [IoFreeIrp]"
# if (Fork->Flags == 0x1234)
IF_FLAGS: Final = "8b 44 24 10 81 78 08 34 12 00 00 75 07"
# if (Fork->Flags * 0x2545F491 == 0x12345678)
IF_HASH: Final = "8b 44 24 10 69 40 08 91 f4 45 25 3d 78 56 34 12 75 07"
# if (IoGetInitialStack() != NULL)
IF_ANSWERED: Final = "ff 15 [IoGetInitialStack] 85 c0 74 07"


def graded(
    *, before: str = "", after: str = "", answered: str = "", completion: str = ""
) -> Verdict:
    """Grade the unlock with these parts."""
    code = UNLOCK.format(before=before, after=after, answered=answered, completion=completion)
    image = bare_image(code, IMPORTS)
    runner = Runner(image, Meter(Budget()))
    start = StartPoint(function=BASE + CODE, allocations=(BASE + 0x102D,), depth=0)
    return grade([traverse(runner, start)], Survey(), "")


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"completion": COMPLETION_FREES}, Grade.CLEAN),
        ({"after": FREE}, Grade.INCONCLUSIVE),
        ({"completion": f"{COMPLETION_FREES} {COMPLETION_FREES}", "after": FREE}, Grade.OBSERVED),
        ({"completion": COMPLETION_FREES, "after": FREE}, Grade.OBSERVED),
        ({}, Grade.INCONCLUSIVE),
    ],
    ids=["once", "before it completes", "three times", "twice", "never"],
)
def test_the_number_of_frees_decides(parts: dict[str, str], expected: Grade) -> None:
    """Once in every mode is clean; a caller that does not wait frees what is still under way."""
    verdict = graded(**parts)
    assert verdict.grade is expected, verdict.reason


def test_the_article_s_exact_shape_is_named() -> None:
    """Two frees in the completion routine and one in the caller."""
    verdict = graded(completion=f"{COMPLETION_FREES} {COMPLETION_FREES}", after=FREE)
    assert "3 times (2 x by the completion routine, 1 x by the routine that sent it)" in (
        verdict.reason
    )
    assert "is the article's own shape" in verdict.reason


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        # Fork->Irp = Irp;
        ({"before": "8b 44 24 10 89 70 30"}, "leaves the address of an IRP that was freed"),
        # after = Irp->IoStatus.Status
        ({"after": "8b 46 18"}, "used after it was freed"),
        ({"after": "8b c6"}, "returns the address of an IRP that was freed"),
        ({"after": "8b 44 24 10 ff 50 20"}, "a routine that is not modelled: arg1+0x20"),
        ({"after": "ff 15 [NewOne]"}, "calls ntoskrnl.exe!NewOne, which is not modelled"),
        ({"after": "33 ff"}, "other preserved registers"),
        ({"answered": "ff 15 [NewOne]"}, "calls ntoskrnl.exe!NewOne, which is not modelled"),
        ({"after": f"{IF_HASH} {FREE}"}, "depends on arg1+8, and went one way only"),
        ({"after": f"{IF_ANSWERED} {FREE}"}, "only where an unmodelled routine answers so"),
    ],
    ids=[
        "kept",
        "read after the free",
        "returned",
        "callback",
        "unmodelled routine",
        "lost register",
        "unmodelled when answered",
        "branch that nothing turns",
        "unmodelled answer",
    ],
)
def test_whatever_casts_doubt_keeps_a_driver_from_being_clean(
    parts: dict[str, str], reason: str
) -> None:
    """One free in the completion routine, and something that might hide another."""
    verdict = graded(completion=COMPLETION_FREES, **parts)
    assert (verdict.grade, reason in verdict.reason) == (Grade.INCONCLUSIVE, True), verdict.reason


def test_a_second_free_behind_an_input_is_found() -> None:
    """Only for one value of a flag does the caller free again: a run with that value shows it."""
    verdict = graded(completion=COMPLETION_FREES, after=f"{IF_FLAGS} {FREE}")
    assert verdict.grade is Grade.OBSERVED
    witnesses = [
        {str(word): value for word, value in run.assignment.items()} for run, _ in verdict.shown
    ]
    assert all(witness["arg1+8"] == 0x1234 for witness in witnesses)


def test_an_irp_when_fast_io_answers_is_not_the_article() -> None:
    """The article's driver allocates nothing when FastIoUnlockSingle answers TRUE."""
    verdict = graded(
        completion=f"{COMPLETION_FREES} {COMPLETION_FREES}", answered=ALLOCATE_AND_FREE
    )
    assert verdict.grade is Grade.OBSERVED_OTHER
    assert "allocated also when FastIoUnlockSingle answers TRUE" in verdict.reason


@pytest.mark.parametrize(
    ("caller", "expected"),
    [
        # Unlock(Device, Fork) again, from its end: nothing is asked of Fast I/O.
        ("e9 ~1027", Grade.NOT_OBSERVED),
        ("cc", Grade.INCONCLUSIVE),
    ],
    ids=["gone through", "not gone through"],
)
def test_a_caller_that_was_not_gone_through_may_be_the_article_s(
    caller: str, expected: Grade
) -> None:
    """An unlock by IRP without Fast I/O before it is none of the article's, if that is all."""
    code = f"""
    53 56  8b 5c 24 0c  e9 ~1027
    @1027 {UNLOCK_BY_IRP}
    @1200 {COMPLETION_FREES} b8 16 00 00 c0 c2 0c 00
    @1300 53 56  8b 5c 24 0c  {caller}
    """
    runner = Runner(bare_image(code, IMPORTS), Meter(Budget()))
    starts = [
        StartPoint(function=BASE + rva, allocations=(BASE + 0x102B,), depth=depth)
        for depth, rva in enumerate((CODE, 0x1300))
    ]
    verdict = grade([traverse(runner, start) for start in starts], Survey(), "")
    assert verdict.grade is expected, verdict.reason


def test_a_search_cut_short_is_never_clean() -> None:
    """What was not looked at is unknown."""
    assert (
        grade([], Survey(), "the search ended at its limit of 1 seconds").grade
        is Grade.INCONCLUSIVE
    )


def test_an_image_without_allocations_is_inconclusive() -> None:
    """Nothing was run, so nothing was seen."""
    assert grade([], Survey(), "").grade is Grade.INCONCLUSIVE
