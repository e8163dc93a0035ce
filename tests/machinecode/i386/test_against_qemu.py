"""The interpreter computes what qemu-i386 does: each operation, and whole compiled programs."""

from pathlib import Path
from typing import Final

import pytest

from fixtures import i386_programs
from fixtures.i386_operations import (
    OPERATIONS,
    OUTCOME,
    VECTORS,
    assembler_source,
    operand_vectors,
    outcomes,
)
from fixtures.i386_programs import build_program, lacking_tools, run_in_ntscan, run_in_qemu

PROGRAMS: Final = Path(i386_programs.__file__).with_suffix(".c")


@pytest.fixture(autouse=True)
def _oracle() -> None:
    """Skip where the oracle, or the compiler for it, is not installed."""
    lacking = lacking_tools()
    if lacking:
        pytest.skip(f"lacks {', '.join(lacking)}")


def test_every_operation_gives_what_the_oracle_gives(tmp_path: Path) -> None:
    """Registers, memory, ESP and the defined flags agree after each operation on each operand."""
    assert len(OPERATIONS) >= 60
    program = build_program(tmp_path, assembler_source(OPERATIONS), language="s")
    expected, found = run_in_qemu(tmp_path, program), run_in_ntscan(program)
    assert len(expected) == len(found) == len(OPERATIONS) * VECTORS * OUTCOME.size
    operands = operand_vectors()
    differing = [
        (OPERATIONS[number // VECTORS].text, operands[number % VECTORS], wanted, got)
        for number, (wanted, got) in enumerate(
            zip(outcomes(expected, OPERATIONS), outcomes(found, OPERATIONS), strict=True)
        )
        if wanted != got
    ]
    assert differing == []


@pytest.mark.parametrize("optimization", ["-O0", "-O1", "-O2", "-Os", "-O3"])
@pytest.mark.parametrize("machine", ["-march=i386", "-march=i486", "-march=i686"])
def test_compiled_programs_write_what_they_write_on_the_oracle(
    tmp_path: Path, optimization: str, machine: str
) -> None:
    """Sorting, checksums, strings, 64-bit arithmetic, switches and pointers to functions agree."""
    program = build_program(tmp_path, PROGRAMS.read_text("ascii"), optimization, machine)
    written = run_in_qemu(tmp_path, program)
    assert len(written) > 2000
    assert run_in_ntscan(program) == written
