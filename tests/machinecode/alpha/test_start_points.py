"""Where Alpha drivers allocate IRPs: constants followed along the control flow, calls, thunks."""

import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

import fixtures.drivers
from fixtures.alpha_image import COMPILER, COMPILER_OPTIONS, alpha_image
from fixtures.alpha_linux import missing_tools
from ntscan.machinecode.alpha.start_points import survey
from ntscan.machinecode.loader.load_image import load_image
from ntscan.machinecode.loader.loaded_image import (
    Import,
    LoadedImage,
    LoadedSection,
    RuntimeFunction,
)
from ntscan.machinecode.start_points import MOST_CALLS_UP, StartPoint
from ntscan.vocabulary import Machine

BASE = 0x8040_0000
ALLOCATE = BASE + 0x1_8000  # Its low half is negative: LDAH has to make up for it.
OTHER = ALLOCATE + 4
DRIVERS = Path(fixtures.drivers.__file__).parent

NOP = 0x47FF041F
RET = 0x6BFA8001
STORE = 0xB7FE0000  # stq r31, 0(r30)


def ldah(ra: int, rb: int = 31, address: int = ALLOCATE) -> int:
    """LDAH of an address's high half."""
    return 0x09 << 26 | ra << 21 | rb << 16 | (address + 0x8000) >> 16 & 0xFFFF


def ldl(ra: int, rb: int, address: int = ALLOCATE) -> int:
    """LDL with an address's low half."""
    return 0x28 << 26 | ra << 21 | rb << 16 | address & 0xFFFF


def lda(ra: int, rb: int, address: int = ALLOCATE) -> int:
    """LDA with an address's low half."""
    return 0x08 << 26 | ra << 21 | rb << 16 | address & 0xFFFF


def mov(source: int, target: int) -> int:
    """BIS of zero and a register."""
    return 0x11 << 26 | 31 << 21 | source << 16 | 0x20 << 5 | target


def jsr(rb: int) -> int:
    """JSR through a register."""
    return 0x1A << 26 | 26 << 21 | rb << 16 | 1 << 14


def jmp(rb: int) -> int:
    """JMP through a register."""
    return 0x1A << 26 | 31 << 21 | rb << 16


def bsr(instructions: int) -> int:
    """BSR over so many instructions."""
    return 0x34 << 26 | 26 << 21 | instructions & 0x1F_FFFF


def beq(ra: int, instructions: int) -> int:
    """BEQ over so many instructions."""
    return 0x39 << 26 | ra << 21 | instructions & 0x1F_FFFF


def br(instructions: int) -> int:
    """BR over so many instructions."""
    return 0x30 << 26 | 31 << 21 | instructions & 0x1F_FFFF


def image_of(*functions: list[int], listed: int | None = None) -> LoadedImage:
    """An image of functions one behind the other; the first so many stand in .pdata."""
    words = [word for function in functions for word in function]
    code = struct.pack(f"<{len(words)}I", *words)
    begins = [BASE + 4 * sum(map(len, functions[:number])) for number in range(len(functions))]
    entries = [
        RuntimeFunction(begin=begin, end=begin + 4 * len(function))
        for begin, function in zip(begins, functions, strict=True)
    ]
    text = LoadedSection(
        name=".text",
        address=BASE,
        size=len(code),
        contents=code,
        executable=True,
        writable=False,
    )
    return LoadedImage(
        machine=Machine.ALPHA,
        base=BASE,
        size=0x2_0000,
        entry_point=None,
        sections=(text,),
        imports={
            ALLOCATE: Import(dll="ntoskrnl.exe", name="IoAllocateIrp"),
            OTHER: Import(dll="ntoskrnl.exe", name="IoFreeIrp"),
        },
        exports={},
        relocated_words=(),
        functions=tuple(entries[:listed]),
    )


@pytest.mark.parametrize(
    ("function", "sites"),
    [
        pytest.param([ldah(1), ldl(27, 1), jsr(27), RET], [2], id="as compilers write it"),
        pytest.param(
            [ldah(1), lda(1, 1), ldl(2, 1, 0), mov(2, 27), jsr(27)], [4], id="unoptimised"
        ),
        pytest.param(
            [ldah(1), beq(16, 2), lda(1, 31, 0), RET, ldl(27, 1), jsr(27), RET],
            [5],
            id="behind a branch that a linear walk loses",
        ),
        pytest.param(
            [ldah(9), beq(16, 1), NOP, ldl(27, 9), jsr(27), ldl(27, 9), jsr(27), RET],
            [4, 6],
            id="two calls with one high half, kept over a call",
        ),
        pytest.param(
            [ldah(1), ldl(9, 1), jsr(27), jsr(9), RET], [3], id="kept over an unknown call"
        ),
        pytest.param([ldah(1), ldl(27, 1), jsr(26), jsr(27), RET], [], id="lost in a call"),
        pytest.param(
            [beq(16, 2), ldah(1), br(1), ldah(1), ldl(27, 1), jsr(27), RET],
            [5],
            id="known on both ways that meet",
        ),
        pytest.param(
            [ldah(1), beq(16, 1), lda(1, 31, 0), ldl(27, 1), jsr(27), RET],
            [],
            id="known on one way only, that by the branch",
        ),
        pytest.param(
            [lda(1, 31, 0), beq(16, 1), ldah(1), ldl(27, 1), jsr(27), RET],
            [],
            id="known on one way only, that by falling through",
        ),
        pytest.param(
            [ldah(1), ldl(27, 1), jsr(27), beq(16, -2), RET], [], id="lost on the way round a loop"
        ),
        pytest.param([ldah(1), ldl(27, 1), bsr(-3), jsr(27), RET], [], id="lost in its own call"),
        pytest.param([ldah(1), ldl(27, 1), lda(27, 31, 8), jsr(27), RET], [], id="overwritten"),
        pytest.param([ldah(1), ldl(27, 1, OTHER), jsr(27), RET], [], id="another routine"),
        pytest.param(
            [ldah(9), br(2), ldl(27, 9), jsr(27), beq(16, -3), RET], [3], id="a loop turned round"
        ),
        pytest.param(
            [ldah(9), ldl(2, 16, 0), jmp(2), RET, ldl(27, 9), jsr(27), RET],
            [5],
            id="a case of a jump table",
        ),
        pytest.param([STORE, ldah(1), ldl(27, 1), jmp(27)], [3], id="a jump at the end"),
    ],
)
def test_a_call_of_the_allocating_routine_is_found(function: list[int], sites: list[int]) -> None:
    """The slot's address must be known on every way that leads to the call."""
    found = survey(image_of(function)).points
    expected = StartPoint(
        function=BASE, allocations=tuple(BASE + 4 * site for site in sites), depth=0
    )
    assert found == ((expected,) if sites else ())


def test_callers_are_named_up_to_two_calls_up() -> None:
    """The innermost function comes first; a caller's caller's caller is too far away."""
    allocator = [ldah(1), ldl(27, 1), jsr(27), RET]
    callers = [[bsr(-5), RET], [bsr(-3), RET], [bsr(-3), RET]]
    found = survey(image_of(allocator, *callers)).points
    site = BASE + 8
    assert found == tuple(
        StartPoint(function=function, allocations=(site,), depth=depth)
        for depth, function in enumerate((BASE, BASE + 16, BASE + 24))
    )


def test_a_call_into_a_function_behind_its_first_instructions_is_a_call_of_it() -> None:
    """Compilers call past a prologue that they know to be needless."""
    allocator = [NOP, NOP, ldah(1), ldl(27, 1), jsr(27), RET]
    found = survey(image_of(allocator, [bsr(-5), RET])).points
    assert [(point.function, point.depth) for point in found] == [(BASE, 0), (BASE + 24, 1)]


def test_a_call_of_a_linkers_thunk_is_an_allocation() -> None:
    """A thunk only jumps through the slot, and .pdata need not list it."""
    caller = [bsr(2), RET, NOP]
    thunk = [ldah(1), ldl(27, 1), jmp(27)]
    other = [ldah(1), ldl(27, 1, OTHER), jmp(27)]
    found = survey(image_of(caller, thunk, other, listed=1)).points
    assert found == (StartPoint(function=BASE, allocations=(BASE,), depth=0),)


@pytest.mark.parametrize("cpu", ["ev4", "ev56"])
@pytest.mark.parametrize("optimisation", ["-O0", "-O2", "-Os"])
def test_compiled_code_is_understood(cpu: str, optimisation: str, tmp_path: Path) -> None:
    """The example driver allocates at one place, which a run can begin to reach in its dispatch."""
    if missing := missing_tools():
        pytest.skip(missing)
    compiled = tmp_path / "example.o"
    command = [COMPILER, *COMPILER_OPTIONS, f"-mcpu={cpu}", optimisation, "example_unlock.c"]
    subprocess.run([*command, "-o", str(compiled)], cwd=DRIVERS, check=True)
    image = load_image(alpha_image(compiled.read_bytes()))
    found = survey(image).points
    assert len({site for point in found for site in point.allocations}) == 1
    assert found[0].depth == 0
    assert {point.function for point in found} <= {function.begin for function in image.functions}


@given(
    words=st.lists(st.integers(0, 0xFFFF_FFFF), max_size=40),
    table=st.lists(st.tuples(st.integers(-8, 200), st.integers(-8, 200)), max_size=6),
)
def test_any_code_has_an_answer(words: list[int], table: list[tuple[int, int]]) -> None:
    """Whatever a function table says of whatever code, the finder returns."""
    entries = tuple(RuntimeFunction(begin=BASE + begin, end=BASE + end) for begin, end in table)
    image = replace(image_of(words), functions=entries, entry_point=BASE)
    assert all(point.depth <= MOST_CALLS_UP for point in survey(image).points)
