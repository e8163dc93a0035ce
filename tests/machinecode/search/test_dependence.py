"""Which words decide a branch: told by changing them, though the branch compares none of them."""

import pytest

from fixtures.bare_driver import BASE, CODE, bare_image
from ntscan.machinecode.budget import Budget, Meter
from ntscan.machinecode.runner import Runner
from ntscan.machinecode.search.dependence import Dependence
from ntscan.machinecode.search.explore import FIRST_CHOICES

# ecx = the word at 8 behind the argument; what is made of it is compared with a number.
BRANCH = "8b 44 24 04  8b 48 08  {made}  81 f9 77 77 00 00  74 00  c2 04 00"
#: The word, and EAX, ECX and EDX, which a routine may be given.
CHANGED = 4


def decides(made: str, meter: Meter) -> str:
    """Say what decides the branch."""
    runner = Runner(bare_image(BRANCH.format(made=made), ()), meter)
    run = runner.run(BASE + CODE, {}, FIRST_CHOICES)
    assert run.clean_return
    return Dependence(runner).decides(run, run.branches[-1], ())


@pytest.mark.parametrize(
    "made",
    [
        "83 e1 01",
        "81 e1 00 00 00 80",
        "69 c9 b1 79 37 9e  c1 e9 1c",
        "f7 d9  1b c9",
        "83 f1 01  f7 d9  1b c9",
        "8b d1  d1 ea  33 ca  83 e1 01",
        "83 e1 03  b8 06 00 00 00  d3 e8  83 e0 01  8b c8",
    ],
    ids=[
        "its lowest bit",
        "its highest bit",
        "a hash",
        "whether it is zero",
        "whether it is one",
        "whether two bits differ",
        "a table of bits, looked up by two",
    ],
)
def test_a_word_decides_where_some_value_of_it_shows(made: str) -> None:
    """Though others do not: two bits that are alike in 0 and in 0xFFFFFFFF differ in 1."""
    assert decides(made, Meter(Budget())) == "arg0+8"


def test_words_that_show_nothing_are_tried_with_their_other_values_all_at_once() -> None:
    """Each is 0 in one run and 0xFFFFFFFF in another; two more runs are for all of them."""
    meter = Meter(Budget())
    assert decides("33 c9", meter) == ""
    assert meter.paths == 1 + 2 * CHANGED + 2
