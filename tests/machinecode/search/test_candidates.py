"""From the operands of a comparison to inputs that turn the branch."""

import pytest

from fixtures.bare_driver import BASE, CODE, bare_image
from ntscan.machinecode.budget import Budget, Meter
from ntscan.machinecode.runner import Runner
from ntscan.machinecode.search.explore import explore
from ntscan.machinecode.search.solve import solve

ALLOCATE = "6a 00 6a 01 ff 15 [IoAllocateIrp]"
FORK = "8b 4c 24 04"  # mov ecx, arg0


@pytest.mark.parametrize(
    ("test", "origin", "satisfies"),
    [
        ("81 39 46 4f 52 4b", "arg0+0", lambda value: value == 0x4B524F46),
        ("83 79 04 00", "arg0+4", lambda value: value == 0),
        ("f7 41 08 08 00 00 00", "arg0+8", lambda value: value & 8 == 0),
        ("80 79 0d 07", "arg0+0xc", lambda value: (value >> 8) & 0xFF == 7),
        ("66 81 79 12 34 12", "arg0+0x10", lambda value: value >> 16 == 0x1234),
        ("8b 41 14 2d 00 01 00 00 83 f8 05", "arg0+0x14", lambda value: value == 0x105),
        ("8b 41 18 3b 41 1c", "", None),
        ("8b 01 8b 40 20 83 f8 02", "arg0[0]+0x20", lambda value: value == 2),
        ("8d 41 24 39 41 24", "arg0+0x24", None),
    ],
    ids=["word", "null", "bit", "byte", "half", "difference", "two words", "behind", "list head"],
)
def test_a_branch_before_the_allocation_is_turned_by_an_input(
    test: str, origin: str, satisfies: object
) -> None:
    """JNE over the allocation is not taken once a word that it depends on has the right value."""
    skip = f"{FORK} {test} 75 0a {ALLOCATE} c3"
    runner = Runner(bare_image(skip, ["IoAllocateIrp"]), Meter(Budget()))
    reached = explore(runner, BASE + CODE)

    assert reached.natural
    witness = {str(key): value for key, value in reached.natural[0].assignment.items()}
    assert not origin or origin in witness
    assert not callable(satisfies) or satisfies(witness[origin])


def test_a_path_that_stays_forced_is_kept_apart() -> None:
    """A hash of the input cannot be turned round: the run is forced, and none natural."""
    code = f"""
    {FORK} 8b 01 69 c0 93 01 00 01 8b d0 c1 ea 0d 33 c2 69 c0 35 7a 4c 2b
    8b d0 c1 ea 10 33 c2 3d 78 56 34 12 75 0a {ALLOCATE} c3
    """
    runner = Runner(bare_image(code, ["IoAllocateIrp"]), Meter(Budget()))
    reached = explore(runner, BASE + CODE)
    assert (reached.natural, len(reached.forced)) == ([], 1)
    assert solve(runner, reached.forced[0]) is None


def test_a_sum_that_no_operand_shows_is_solved_by_trying() -> None:
    """(arg0->a >> 4) == 0 holds no word's value as an operand; a usual value does it."""
    code = f"{FORK} 8b 01 c1 e8 04 85 c0 75 0a {ALLOCATE} c3"
    runner = Runner(bare_image(code, ["IoAllocateIrp"]), Meter(Budget()))
    reached = explore(runner, BASE + CODE)
    run = reached.natural[0] if reached.natural else solve(runner, reached.forced[0])
    assert run is not None
    assert run.natural
    assert {str(key): value for key, value in run.assignment.items()} == {"arg0+0": 0}
