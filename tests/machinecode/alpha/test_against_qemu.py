"""The Alpha interpreter against one that others wrote: qemu-alpha."""

from pathlib import Path

import pytest

from fixtures.alpha_linux import (
    PROGRAMS,
    build_program,
    missing_tools,
    output_in_interpreter,
    output_in_qemu,
)
from fixtures.alpha_vectors import VECTORS, cases, program

START = PROGRAMS / "alpha_start.s"
#: Has every instruction of the subset; AMASK and IMPLVER answer as an EV56's.
FULL_CPU = "ev67"
BYTE_WORD_CPU = "ev56"
PROCESSOR_QUESTIONS = {"amask", "implver"}
#: The instructions that an EV56 does not have.
COUNTS = {"ctpop", "ctlz", "cttz"}


@pytest.fixture(autouse=True)
def _needs_tools() -> None:
    if missing := missing_tools():
        pytest.skip(missing)


@pytest.mark.parametrize("cpu", [FULL_CPU, BYTE_WORD_CPU])
def test_every_instruction_gives_what_qemu_gives(cpu: str, tmp_path: Path) -> None:
    """Each instruction of the subset has the same result for each of 400 operand vectors."""
    left_out = PROCESSOR_QUESTIONS if cpu == FULL_CPU else COUNTS
    instructions = tuple(case for case in cases() if case.name not in left_out)
    assert len(instructions) >= 60
    source = tmp_path / "vectors.s"
    source.write_text(program(instructions), "ascii")
    build_program(tmp_path / "vectors", [START, source])

    ours = output_in_interpreter(tmp_path / "vectors")
    theirs = output_in_qemu(tmp_path / "vectors", cpu)

    size = len(theirs) // len(instructions)
    assert size == 8 * VECTORS
    wrong = [
        case.name
        for number, case in enumerate(instructions)
        if ours[number * size : (number + 1) * size] != theirs[number * size : (number + 1) * size]
    ]
    assert wrong == []


@pytest.mark.parametrize("cpu", ["ev4", "ev56"])
@pytest.mark.parametrize("optimisation", ["-O0", "-O2", "-Os"])
def test_a_whole_program_gives_what_qemu_gives(cpu: str, optimisation: str, tmp_path: Path) -> None:
    """Sorting, checksums, strings, 64-bit arithmetic and jump tables, as GCC compiles them."""
    whole = tmp_path / "whole"
    build_program(whole, [START, PROGRAMS / "alpha_whole.c"], [optimisation, f"-mcpu={cpu}"])
    output = output_in_qemu(whole, BYTE_WORD_CPU)
    assert len(output) > 4000
    assert output_in_interpreter(whole) == output
