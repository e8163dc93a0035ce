"""The functions that allocate an IRP are found, however a compiler writes the call; and callers."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from msgspec.structs import replace

from fixtures.i386_programs import build_driver, lacking_tools
from fixtures.pe_image import PERecipe, build_pe_image
from ntscan.machinecode.i386.start_points import survey
from ntscan.machinecode.loader.load_image import load_image


@dataclass(frozen=True, slots=True)
class Case:
    """Code after DriverEntry, and what is found in it: function, depth, sites.

    ``reached`` are the functions whose addresses stand in a table; where the image has no
    relocations, so that none can be told, DriverEntry calls them.
    """

    code: str
    reached: tuple[str, ...]
    expected: tuple[str, ...]


ALLOCATE: Final = "push 0; push 2; site: call [__imp__IoAllocateIrp@8]; ret"
SWITCH: Final = '.section .rdata, "dr"; cases: .long one, two, last; .text'
F: Final = ("f",)
CASES: Final = {
    "called by its slot": Case(f"f: push ebp; mov ebp, esp; {ALLOCATE}", F, ("f 0 site",)),
    "in EAX": Case(
        "f: push 0; push 2; mov eax, [__imp__IoAllocateIrp@8]; site: call eax; ret",
        F,
        ("f 0 site",),
    ),
    "in a register that calls keep": Case(
        """f: push esi; mov esi, [__imp__IoAllocateIrp@8]
        again: push 0; push 2; one: call esi; test eax, eax; jz again; push 0; push 3
        two: call esi; mov esi, [esp+8]; call esi; pop esi; ret""",
        F,
        ("f 0 one two",),
    ),
    "in a register that calls lose": Case(
        "f: mov ecx, [__imp__IoAllocateIrp@8]; push 0; push 2; site: call ecx; call ecx; ret",
        F,
        ("f 0 site",),
    ),
    "by a thunk": Case("f: push 0; push 2; site: call _IoAllocateIrp@8; ret", F, ("f 0 site",)),
    "by a thunk of a thunk": Case(
        "f: push 0; push 2; site: call t; ret; t: jmp _IoAllocateIrp@8", F, ("f 0 site",)
    ),
    "at the function's end": Case(
        "f: pop eax; push 2; push eax; site: jmp [__imp__IoAllocateIrp@8]", F, ("f 0 site",)
    ),
    "at its end, by a thunk": Case(
        "f: pop eax; push 2; push eax; site: jmp _IoAllocateIrp@8", F, ("f 0 site",)
    ),
    "two callers up": Case(
        f"a: nop; call b; ret; b: call c; ret; c: call d; ret; d: {ALLOCATE}",
        ("a",),
        ("d 0 site", "c 1 site", "b 2 site"),
    ),
    "a caller that ends in it": Case(
        f"a: call d; ret; b: nop; jmp d; d: {ALLOCATE}",
        ("a", "b"),
        ("d 0 site", "a 1 site", "b 1 site"),
    ),
    "a caller that allocates too": Case(
        f"a: call d; push 0; push 1; own: call [__imp__IoAllocateIrp@8]; ret; d: {ALLOCATE}",
        ("a",),
        ("d 0 site", "a 0 own", "a 1 site"),
    ),
    "recursion": Case(
        f"f: test eax, eax; jz out; dec eax; call f; out: {ALLOCATE}", F, ("f 0 site",)
    ),
    "a case of a switch": Case(
        f"""f: mov eax, [esp+4]; cmp eax, 2; ja last; jmp [cases+eax*4]
        one: xor eax, eax; ret; two: {ALLOCATE}; last: mov eax, 1; ret; {SWITCH}""",
        F,
        ("f 0 site",),
    ),
    "reached by nobody": Case(
        f"nop; ret; .balign 16, 0xCC; f: mov eax, [esp+4]; {ALLOCATE}; .balign 16, 0xCC",
        (),
        ("f 0 site",),
    ),
    "past instructions that are not run": Case(
        f"f: fldz; fstp dword ptr [esp-8]; rdtsc; in al, dx; {ALLOCATE}", F, ("f 0 site",)
    ),
}
SOURCE: Final = """
.globl _DriverEntry@8
.text
_DriverEntry@8: {calls}; mov eax, 0xC0000001; ret 8
.balign 16, 0xCC
{code}
.section .rdata, "dr"
table: .long {table}
"""


@pytest.mark.parametrize("relocations", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_allocations_are_found_with_their_callers(
    tmp_path: Path, name: str, relocations: bool
) -> None:
    """The innermost functions come first; each names the allocations that it leads to."""
    lacking = lacking_tools()
    if lacking:
        pytest.skip(f"lacks {', '.join(lacking)}")
    case = CASES[name]
    calls = "nop" if relocations else "; ".join(f"call {each}" for each in case.reached) or "nop"
    source = SOURCE.format(calls=calls, code=case.code, table=", ".join(case.reached) or "0")
    data, labels = build_driver(tmp_path, source, relocations=relocations)
    image = load_image(data)
    assert bool(image.relocated_words) == relocations
    names = {image.base + rva: label for label, rva in labels.items()}
    found = [
        " ".join(
            (names[point.function], str(point.depth), *(names[site] for site in point.allocations))
        )
        for point in survey(image).points
        if names[point.function] != "_DriverEntry@8"
    ]
    assert sorted(found) == sorted(case.expected)
    assert [line.split()[1] for line in found] == sorted(line.split()[1] for line in found)


def test_a_driver_that_does_not_allocate_irps_has_no_start_points() -> None:
    """An image without the import, and one that imports it and never calls it, have none."""
    without = build_pe_image(PERecipe(time_date_stamp=0, imports=()))
    assert survey(load_image(without)).points == ()
    assert survey(load_image(build_pe_image(PERecipe(time_date_stamp=0)))).points == ()


@pytest.mark.parametrize(
    "code",
    [
        b"\x90" * (1 << 20),
        b"\x55\x8b\xec\xc3" * (1 << 18),
        b"\xff\x24\x85\x00\x00\x40\x80" * (1 << 17),
        b"".join(b"\xe8" + (8 * n).to_bytes(4, "little") for n in range(1 << 16)),
    ],
    ids=["nothing", "functions", "switches", "calls"],
)
def test_code_without_end_is_given_up_in_time(code: bytes) -> None:
    """A megabyte of one kind of instruction is walked as far as the budget goes."""
    small = load_image(build_pe_image(PERecipe(time_date_stamp=0)))
    slot = next(iter(small.imports))
    code += b"\xff\x15" + slot.to_bytes(4, "little")
    text = next(section for section in small.sections if section.executable)
    grown = replace(text, address=small.base + 0x100000, size=len(code), contents=code)
    began = time.perf_counter()
    survey(replace(small, sections=(*small.sections, grown), exports={"Code": grown.address}))
    assert time.perf_counter() - began < 10
