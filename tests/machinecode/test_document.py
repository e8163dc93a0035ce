"""The figures of docs/machine-code.md that can be looked up again."""

import re
from pathlib import Path
from typing import Final

import pytest

from ntscan.machinecode import Budget, trace

DOCUMENT: Final = Path("docs/machine-code.md").read_text("utf-8")
FOLDER: Final = Path("build/downloads/real_drivers")
#: A row of a driver that others wrote: its name, bytes, grade and instructions.
DRIVER: Final = re.compile(
    r"^\| `(\w+\.sys)`[^|]*\| ([\d,]+) \| (\w+) \| ([\d,]+) \|", re.MULTILINE
)


def row(name: str, *figures: float | str) -> str:
    """A row of a table, as the document writes it."""
    cells = (f"{each:,}" if isinstance(each, int) else str(each) for each in figures)
    return f"| {' | '.join((name, *cells))} |".replace("|  |", "| |")


def test_the_bounds_are_those_of_a_budget() -> None:
    """Of one image, and of one path."""
    budget = Budget()
    assert row("instructions", budget.instructions, budget.path_instructions) in DOCUMENT
    assert row("paths", budget.paths, "") in DOCUMENT
    assert row("words of memory that are touched", "", budget.path_words) in DOCUMENT
    assert row("seconds by the clock", f"{budget.seconds:g}", "") in DOCUMENT


@pytest.mark.parametrize(("name", "size", "grade", "instructions"), DRIVER.findall(DOCUMENT))
def test_a_driver_of_others_is_traced_as_told(
    name: str, size: str, grade: str, instructions: str
) -> None:
    """Its size, its grade, and how many instructions it takes."""
    file = FOLDER / name
    if not file.exists():
        pytest.skip(f"lacks {file}; `make {FOLDER}` fetches it where apt-get and 7z are")
    image = file.read_bytes()
    result = trace(image, Budget(seconds=600))
    found = (f"{len(image):,}", str(result.grade), f"{result.instructions:,}")
    assert found == (size, grade, instructions)
