"""Which functions the callers need not be run for; and searches that end at their share."""

from typing import Final

import pytest

from fixtures.bare_driver import BASE, CODE, bare_image
from ntscan.machinecode.budget import Budget, Meter
from ntscan.machinecode.irp_facts import is_freed_twice
from ntscan.machinecode.runner import Runner
from ntscan.machinecode.search.settled import is_settled
from ntscan.machinecode.search.traverse import FromStart, requests_of, traverse
from ntscan.machinecode.start_points import StartPoint

IMPORTS: Final = ("IoAllocateIrp", "IoFreeIrp", "IofCallDriver")
SITE: Final = 0x1005
# The function at 0x1000 allocates an IRP, sends it to the device at [esp+8], and returns EAX.
SENDS: Final = """
53  6a 00 6a 01  ff 15 [IoAllocateIrp]  8b d8  85 c0  74 30
8b 4b 60  83 e9 24  c7 01 {function} 00 e0  c7 41 1c <1080>
8b 4c 24 08  8b d3  ff 15 [IofCallDriver]
{after}  @1048  5b  c2 08 00
@1080  {completion}  b8 16 00 00 c0  c2 0c 00
"""
UNLOCK: Final = "11 02"
FLUSH: Final = "09 00"
# As the low byte of any word that nobody gave.
OF_CALLER: Final = "08 00"
COMPLETION_FREES: Final = "ff 74 24 08  ff 15 [IoFreeIrp]"


def search(meter: Meter, function: str, completion: str, after: str) -> FromStart:
    """Search from the function."""
    code = SENDS.format(function=function, completion=completion, after=after)
    start = StartPoint(function=BASE + CODE, allocations=(BASE + SITE,), depth=0)
    return traverse(Runner(bare_image(code, IMPORTS), meter), start)


@pytest.mark.parametrize(
    ("function", "completion", "after", "settled"),
    [
        (FLUSH, COMPLETION_FREES, "", True),
        (UNLOCK, COMPLETION_FREES, "", False),
        (OF_CALLER, COMPLETION_FREES, "", False),
        (FLUSH, "", "", False),
        (FLUSH, COMPLETION_FREES, "8b c3", False),
        (FLUSH, COMPLETION_FREES, "8b 44 24 0c  89 18", False),
    ],
    ids=[
        "freed",
        "an unlock",
        "what the caller says",
        "kept",
        "freed and returned",
        "freed and left in memory",
    ],
)
def test_an_irp_is_settled_that_no_caller_can_find(
    function: str, completion: str, after: str, settled: bool
) -> None:
    """It was freed in every run, its address is nowhere, and it is not the article's."""
    one = search(Meter(Budget()), function, completion, after)
    assert one.cases.cases
    assert is_settled(one) is settled


def test_nothing_is_settled_by_a_function_that_was_not_gone_through() -> None:
    """Where no input was found that reaches the allocation, nothing is known of its IRP."""
    start = StartPoint(function=BASE + CODE, allocations=(BASE + SITE,), depth=0)
    one = traverse(Runner(bare_image("c3", IMPORTS), Meter(Budget())), start)
    assert not is_settled(one)


@pytest.mark.parametrize("parts", [2, 3, 10, 1000])
def test_a_search_that_ends_at_its_share_leaves_a_doubt(parts: int) -> None:
    """What it found until then is kept; the function counts as not gone through to its end."""
    needed = Meter(Budget())
    whole = search(needed, FLUSH, COMPLETION_FREES, "")
    assert (list(whole.cases.doubts), list(whole.ended)) == ([], [])

    meter = Meter(Budget(instructions=needed.instructions))
    meter.begin_share(parts)
    part = search(meter, FLUSH, COMPLETION_FREES, "")
    assert any("its share of the limits" in doubt for doubt in part.cases.doubts)
    assert len(part.cases.cases) <= len(whole.cases.cases)


def test_a_long_way_to_the_allocation_leaves_something_for_what_comes_after_it() -> None:
    """The search for ways may spend half of a share: the one found at once is gone through."""
    # Thirty words behind the second argument are compared, each to the same way, then an IRP is
    # allocated and sent; the completion routine frees it twice.
    compared = " ".join(f"81 79 {4 * number:02x} 44 33 22 11 75 00" for number in range(30))
    code = f"8b 4c 24 08 {compared}" + SENDS.format(
        function=FLUSH, completion=f"{COMPLETION_FREES}  {COMPLETION_FREES}", after=""
    ).replace("@1048", "@1180").replace("1080", "1280")
    meter = Meter(Budget())
    start = StartPoint(function=BASE + CODE, allocations=(BASE + CODE + 0x117,), depth=0)
    meter.begin_share(1000)
    found = traverse(Runner(bare_image(code, IMPORTS), meter), start)

    assert "its share of the limits" in next(iter(found.ended))
    assert any(is_freed_twice(request) for _, request in requests_of([found]))
