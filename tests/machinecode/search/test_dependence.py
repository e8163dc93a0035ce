"""Which words decide a branch: told by changing them, though the branch compares none of them."""

import pytest

from fixtures.bare_driver import BASE, CODE, bare_image
from ntscan.machinecode.budget import Budget, Meter
from ntscan.machinecode.runner import Runner
from ntscan.machinecode.search.dependence import Dependence
from ntscan.machinecode.search.explore import FIRST_CHOICES

# EAX, ECX and EDX, which a routine may be given, are changed as well: twice each.
OF_REGISTERS = 6
# ecx = the word at 8 behind the argument; what is made of it is compared with a number.
BRANCH = "8b 44 24 04  8b 48 08  {made}  81 f9 77 77 00 00  74 00  c2 04 00"


@pytest.mark.parametrize(
    ("made", "decides", "runs"),
    [
        ("33 c9", "", 2),
        ("83 e1 01", "arg0+8", 4),
        ("81 e1 00 00 00 80", "arg0+8", 4),
        ("69 c9 b1 79 37 9e  c1 e9 1c", "arg0+8", 4),
        ("f7 d9  1b c9", "arg0+8", 4),
        ("83 f1 01  f7 d9  1b c9", "arg0+8", 4),
    ],
    ids=[
        "not used",
        "its lowest bit",
        "its highest bit",
        "a hash",
        "whether it is zero",
        "whether it is one",
    ],
)
def test_a_word_decides_where_changing_it_shows(made: str, decides: str, runs: int) -> None:
    """Each bit is turned, by two runs; a word that then shows is changed twice more."""
    meter = Meter(Budget())
    runner = Runner(bare_image(BRANCH.format(made=made), ()), meter)
    run = runner.run(BASE + CODE, {}, FIRST_CHOICES)
    found = Dependence(runner).decides(run, run.branches[-1], ())

    assert run.clean_return
    assert (found, meter.paths - 1 - OF_REGISTERS) == (decides, runs)
