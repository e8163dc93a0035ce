"""RtlInitUnicodeString and its like: the counted string that they leave."""

import pytest

from fixtures.bare_driver import BASE, CODE, bare_image
from ntscan.machinecode.budget import Budget, Meter
from ntscan.machinecode.kernel.state import Choices
from ntscan.machinecode.origin import Origin
from ntscan.machinecode.run import Run
from ntscan.machinecode.runner import Runner
from ntscan.machinecode.traced import CompletionMode

ABC = "@1080 61 00 62 00 63 00 00 00"
CONSTANT, VARIABLE, ARGUMENT, NONE = "68 <1080>", "68 <3000>", "ff 74 24 0c", "6a 00"


def run(name: str, characters: str, length: int | None = None) -> Run:
    """Make a counted string on the stack, and compare its two words with 0."""
    code = f"""
    83 ec 08  8b c4  {characters}  50  ff 15 [{name}]
    83 3c 24 00  74 00  83 7c 24 04 00  74 00  83 c4 08  c3  {ABC}
    """
    runner = Runner(bare_image(code, (name,)), Meter(Budget()))
    assignment = {} if length is None else {Origin(name): length}
    choices = Choices(mode=CompletionMode.SUCCESS, fast_io_answer=False)
    return runner.run(BASE + CODE, assignment, choices)


@pytest.mark.parametrize(
    ("name", "characters", "length", "lengths"),
    [
        ("RtlInitUnicodeString", CONSTANT, None, (6, 8)),
        ("RtlInitAnsiString", CONSTANT, None, (1, 2)),
        ("RtlInitString", CONSTANT, None, (1, 2)),
        ("RtlInitUnicodeString", NONE, None, (0, 0)),
        ("RtlInitUnicodeString", VARIABLE, None, (16, 18)),
        ("RtlInitUnicodeString", ARGUMENT, None, (16, 18)),
        ("RtlInitUnicodeString", ARGUMENT, 0x40, (0x40, 0x42)),
        ("RtlInitUnicodeString", ARGUMENT, 0xFFFFFFFF, (0xFFFC, 0xFFFE)),
        ("RtlInitAnsiString", ARGUMENT, 0xFFFFFFFF, (0xFFFD, 0xFFFE)),
    ],
)
def test_a_counted_string_has_its_lengths(
    name: str, characters: str, length: int | None, lengths: tuple[int, int]
) -> None:
    """Of a constant, also one that lies among code; of any other string the length is an input."""
    done = run(name, characters, length)
    first, second = (branch.comparison for branch in done.branches)
    assert (done.ended, done.unmodelled) == ("", ())
    assert first is not None
    assert (first.left & 0xFFFF, first.left >> 16) == lengths
    assert second is not None
    assert bool(second.left) is (characters != NONE)


def test_characters_that_do_not_end_are_not_counted_for_ever() -> None:
    """A string that goes on to the end of its section ends the path there."""
    code = f"68 <1010>  54  ff 15 [RtlInitUnicodeString]  c3  @1010 {'41 ' * 0xFF0}"
    runner = Runner(bare_image(code, ("RtlInitUnicodeString",)), Meter(Budget()))
    choices = Choices(mode=CompletionMode.SUCCESS, fast_io_answer=False)
    assert runner.run(BASE + CODE, {}, choices).ended
