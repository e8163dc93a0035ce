"""How far the cases of a function are searched."""

from fixtures.bare_driver import BASE, CODE, bare_image
from ntscan.machinecode.budget import Budget, Meter
from ntscan.machinecode.runner import Runner
from ntscan.machinecode.search.cases import Search
from ntscan.machinecode.search.traverse import traverse
from ntscan.machinecode.start_points import StartPoint

ALLOCATE = "6a 00  6a 01  ff 15 [IoAllocateIrp]"
# if (Fork->Word0 == 0x11223344) ..., and so on for each of twelve words, after the allocation.
TWELVE_WORDS = "8b 4c 24 04 " + " ".join(
    f"81 79 {4 * number:02x} 44 33 22 11 75 00" for number in range(12)
)


def test_a_search_for_a_doubt_runs_fewer_cases_and_ends_with_one() -> None:
    """A full one turns each of the twelve branches, and has none."""
    image = bare_image(f"{ALLOCATE} {TWELVE_WORDS} c3", ["IoAllocateIrp"])
    start = StartPoint(function=BASE + CODE, allocations=(BASE + CODE + 4,), depth=0)
    full, to_doubt = Meter(Budget()), Meter(Budget())
    found = traverse(Runner(image, full), start).cases
    found_to_doubt = traverse(Runner(image, to_doubt), start, Search.TO_DOUBT).cases

    assert (len(found.cases), list(found.doubts)) == (13, [])
    assert len(found_to_doubt.cases) < len(found.cases)
    assert list(found_to_doubt.doubts) == ["more inputs lead to the allocation than were run"]
    assert to_doubt.instructions < full.instructions
