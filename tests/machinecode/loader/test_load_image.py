"""A driver's image is laid into memory as NT does it; what NT refuses is refused in a sentence."""

import struct
import time
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.pe_contents import import_section
from fixtures.pe_headers import (
    IMAGE_BASE,
    IMAGE_DIRECTORY_ENTRY_BASERELOC,
    IMAGE_DIRECTORY_ENTRY_IMPORT,
    SIZE_OF_HEADERS,
    ImageHeaders,
)
from fixtures.pe_image import ALPHA, I386
from fixtures.pe_sections import Layout
from ntscan.errors import ImageError
from ntscan.machinecode.loader.flat_image import FlatImage
from ntscan.machinecode.loader.headers import read_headers
from ntscan.machinecode.loader.load_image import LOAD_BASE, load_image
from ntscan.machinecode.loader.loaded_image import Import, LoadedImage, RuntimeFunction
from ntscan.machinecode.loader.relocations import relocate
from ntscan.vocabulary import Machine

EXPORT, EXCEPTION = 0, 3
HIGH, LOW, HIGHLOW, HIGHADJ, MIPS_JMPADDR = range(1, 6)
DELTA: Final = LOAD_BASE - IMAGE_BASE
TEXT: Final = SIZE_OF_HEADERS
CODE: Final = b"\xc3".ljust(0x40, b"\xcc")
DATA: Final = TEXT + len(CODE)
IMPORTS: Final = (("NTOSKRNL.EXE", ("IoAllocateIrp", "IoFreeIrp")), ("HAL.dll", ("KfLowerIrql",)))


def driver(
    data: bytes,
    relocations: tuple[int, ...] | None = (),
    *,
    machine: int = I386,
    directories: dict[int, tuple[int, int]] | None = None,
) -> bytes:
    """An image whose ``.data`` holds some bytes; relocations are entries of its page."""
    layout = Layout(start=SIZE_OF_HEADERS)
    layout.add(".text", CODE)
    layout.add(".data", data)
    layout.directories[IMAGE_DIRECTORY_ENTRY_IMPORT] = (layout.rva, 60)
    layout.add("INIT", import_section(IMPORTS, rva=layout.rva).content)
    if relocations is not None:
        block = struct.pack(f"<2I{len(relocations)}H", 0, 8 + 2 * len(relocations), *relocations)
        layout.directories[IMAGE_DIRECTORY_ENTRY_BASERELOC] = (layout.rva, len(block))
        layout.add(".reloc", block)
    headers = ImageHeaders(
        machine=machine,
        stamp=0,
        subsystem=1,
        debug_stripped=False,
        sections=layout.sections,
        directories=layout.directories | (directories or {}),
    )
    return headers.to_bytes() + b"".join(section.raw for section in layout.sections)


def entry(kind: int, rva: int) -> int:
    """A relocation entry of the first page."""
    return kind << 12 | rva


IMAGE: Final = driver(struct.pack("<2I", IMAGE_BASE + TEXT, 7), (entry(HIGHLOW, DATA), entry(0, 0)))


def word_at(image: LoadedImage, rva: int) -> int | None:
    """The word at an RVA of a loaded image."""
    return image.word(image.base + rva)


def test_an_image_with_relocations_is_moved_into_kernel_memory() -> None:
    """Its words that hold addresses move with it; other words stay."""
    image = load_image(IMAGE)
    assert (image.machine, image.base) == (Machine.I386, LOAD_BASE)
    assert image.relocated_words == (LOAD_BASE + DATA,)
    assert word_at(image, DATA) == LOAD_BASE + TEXT == image.entry_point
    assert word_at(image, DATA + 4) == 7


def test_an_image_without_relocations_stays_where_it_was_linked_for() -> None:
    """It keeps its preferred base, and nothing in it changes."""
    image = load_image(driver(struct.pack("<I", IMAGE_BASE + TEXT), None))
    assert (image.base, image.relocated_words) == (IMAGE_BASE, ())
    assert word_at(image, DATA) == IMAGE_BASE + TEXT


def test_sections_know_what_may_run_and_what_may_be_written() -> None:
    """Headers come first; code runs, data is written, and bytes end where the section does."""
    image = load_image(IMAGE)
    kinds = [(section.name, section.executable, section.writable) for section in image.sections]
    assert kinds == [
        ("headers", False, False),
        (".text", True, False),
        (".data", False, True),
        ("INIT", True, True),
        (".reloc", False, False),
    ]
    assert image.read(LOAD_BASE + TEXT, len(CODE)) == CODE
    assert image.read(LOAD_BASE + TEXT, len(CODE) + 1) is None
    assert image.read(LOAD_BASE - 1, 1) is None
    assert image.word(LOAD_BASE + image.size) is None


def test_import_slots_are_named_by_what_they_lead_to() -> None:
    """Each slot of the import address table has its DLL in lower case and its routine."""
    image = load_image(IMAGE)
    slots = sorted(image.imports)
    assert [image.imports[slot] for slot in slots] == [
        Import(dll="ntoskrnl.exe", name="IoAllocateIrp"),
        Import(dll="ntoskrnl.exe", name="IoFreeIrp"),
        Import(dll="hal.dll", name="KfLowerIrql"),
    ]
    assert [slot - slots[0] for slot in slots] == [0, 4, 12]


def test_an_import_by_ordinal_keeps_its_number() -> None:
    """A thunk with the top bit set holds an ordinal."""
    init = DATA + 0x20
    by_ordinal = struct.pack("<I", 0x80000007)
    lookup = init + 60
    changed = IMAGE[:lookup] + by_ordinal + IMAGE[lookup + 4 :]
    assert load_image(changed).imports[min(load_image(IMAGE).imports)].name == 7


@pytest.mark.parametrize(
    ("value", "entries", "expected"),
    [
        (0x00011234, (entry(HIGHLOW, DATA),), LOAD_BASE + 0x1234),
        (0xFFFFFFFF, (entry(HIGHLOW, DATA),), (0xFFFFFFFF + DELTA) & 0xFFFFFFFF),
        (0x5678_0001, (entry(HIGH, DATA),), 0x5678_0000 | 1 + (DELTA >> 16)),
        (0x5678_1234, (entry(LOW, DATA),), 0x5678_1234),
        (0x5678_0002, (entry(HIGHADJ, DATA), 0x9000), 0x5678_0000 | 2 + (DELTA >> 16)),
        (0x5678_0002, (entry(HIGHADJ, DATA), 0x7FFF), 0x5678_0000 | 2 + (DELTA >> 16)),
    ],
)
def test_relocations_of_both_machines_are_applied(
    value: int, entries: tuple[int, ...], expected: int
) -> None:
    """Whole words, halves, and Alpha's high halves that make up for a signed low half."""
    image = load_image(driver(struct.pack("<I", value), entries, machine=ALPHA))
    assert word_at(image, DATA) == expected


def test_functions_of_an_alpha_image_are_read_after_it_has_moved() -> None:
    """A RUNTIME_FUNCTION begins and ends at addresses of loaded memory; an empty one is none."""
    table = struct.pack("<10I", IMAGE_BASE + 8, IMAGE_BASE + 16, 0, 0, 0, 0, 0, 0, 0, 0)
    directories = {EXCEPTION: (DATA, len(table))}
    entries = (entry(HIGHLOW, DATA), entry(HIGHLOW, DATA + 4))
    data = driver(table, entries, machine=ALPHA, directories=directories)
    expected = (RuntimeFunction(begin=LOAD_BASE + 8, end=LOAD_BASE + 16),)
    assert load_image(data).functions == expected
    assert load_image(driver(table, entries, directories=directories)).functions == ()


def test_exports_are_found_by_name() -> None:
    """A name leads to its address; one that leads to another image is left out."""
    directory = struct.pack("<20x5I", 2, 2, DATA + 40, DATA + 48, DATA + 56)
    tables = struct.pack("<4I2H", TEXT + 4, DATA + 8, DATA + 60, DATA + 63, 0, 1)
    table = directory + tables + b"Go\0Other\0"
    image = load_image(driver(table, directories={EXPORT: (DATA, len(table))}))
    assert image.exports == {"Go": LOAD_BASE + TEXT + 4}


def changed(offset: int, layout: str, value: int) -> bytes:
    """The image with another number in one place."""
    packed = struct.pack(layout, value)
    return IMAGE[:offset] + packed + IMAGE[offset + len(packed) :]


PE: Final = 0x40
OPTIONAL: Final = PE + 24
FIRST_SECTION: Final = OPTIONAL + 224


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"regf" + bytes(4092), "is a registry hive"),
        (b"MZ", "lacks the PE signature"),
        (IMAGE[:0x50], "cut short within its headers"),
        (IMAGE[:-16], "cut short: a section ends"),
        (changed(PE + 4, "<H", 0x8664), "is for the machine amd64"),
        (changed(PE + 4, "<H", 0x166), "is for the machine mips"),
        (changed(PE + 6, "<H", 0), "names 0 sections"),
        (changed(PE + 6, "<H", 97), "names 97 sections"),
        (changed(PE + 22, "<H", 0), "not marked as an executable image"),
        (changed(OPTIONAL, "<H", 0x20B), "no PE32 image (Magic 0x020b)"),
        (changed(OPTIONAL + 16, "<I", 0x7FFFFFFF), "begins at address 0x7fffffff"),
        (changed(OPTIONAL + 28, "<I", 0), "prefers the address 0x0"),
        (changed(OPTIONAL + 28, "<I", 0x10020), "no multiple of 64 KB"),
        (changed(OPTIONAL + 32, "<I", 0), "no power of two"),
        (changed(OPTIONAL + 32, "<I", 48), "no power of two"),
        (changed(OPTIONAL + 56, "<I", 0), "asks for 0 bytes"),
        (changed(OPTIONAL + 56, "<I", (32 << 20) + 1), "asks for 33,554,433 bytes"),
        (changed(OPTIONAL + 56, "<I", 0x300), "its memory ends at 0x300"),
        (changed(OPTIONAL + 28, "<I", 0xFFFF0000)[:OPTIONAL + 56] + b"\x01\0\1\0"
         + IMAGE[OPTIONAL + 60:], "asks for 65,537 bytes"),
        (changed(FIRST_SECTION + 12, "<I", 0x20), "overlap at address 0x20"),
        (changed(FIRST_SECTION + 8, "<I", 0x60), "overlap"),
        (changed(OPTIONAL + 96 + 8 * 1, "<I", 0x7FFFFFF0), "outside of its memory"),
        (changed(OPTIONAL + 96 + 8 * 5, "<I", 0x7FFFFFF0), "outside of its memory"),
        (driver(b"", (entry(MIPS_JMPADDR, DATA),)), "relocations of type 5"),
        (driver(b"", (entry(HIGHADJ, DATA),)), "without its low half"),
        (driver(b"", (entry(HIGHLOW, 0xFFF),)), "outside of its memory"),
        (driver(b"", directories={IMAGE_DIRECTORY_ENTRY_BASERELOC: (DATA - 4, 40)}), "block"),
        (driver(b"", directories={EXPORT: (TEXT, 40)}), "exports 3,435,973,836 names"),
    ],
)  # fmt: skip
def test_what_nt_does_not_load_is_refused_in_a_sentence(data: bytes, words: str) -> None:
    """The error says what is wrong with the image."""
    with pytest.raises(ImageError, match=words.replace("(", r"\(").replace(")", r"\)")):
        load_image(data)


def loads_or_refuses(data: bytes) -> None:
    """Load bytes, and hold what came out to the image's own bounds."""
    try:
        image = load_image(data)
    except ImageError:
        return
    for section in image.sections:
        assert len(section.contents) <= section.size
        assert image.base <= section.address
        assert section.end <= image.base + image.size <= 1 << 32
    assert all(image.base <= slot <= image.base + image.size - 4 for slot in image.imports)


@given(st.lists(st.tuples(st.integers(0, len(IMAGE) - 1), st.integers(0, 255)), max_size=12))
@settings(max_examples=1000, deadline=None)
def test_a_damaged_image_loads_or_is_refused(changes: list[tuple[int, int]]) -> None:
    """Whatever bytes are changed, no other error leaves the loader."""
    damaged = bytearray(IMAGE)
    for offset, value in changes:
        damaged[offset] = value
    loads_or_refuses(bytes(damaged))


def test_ten_thousand_damaged_images_take_seconds() -> None:
    """Every place of the image is set to every extreme; none makes the loader slow."""
    began, count = time.perf_counter(), 0
    for offset in range(len(IMAGE) - 4):
        for value in (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x1F00000, 0x1000, 0x240, 0x300):
            for size in (2, 4):
                field = value.to_bytes(4, "big")[-size:][::-1]
                loads_or_refuses(IMAGE[:offset] + field + IMAGE[offset + size :])
                count += 1
    assert count > 10_000
    assert time.perf_counter() - began < 10


@pytest.mark.parametrize(
    "data",
    [
        driver(struct.pack("<I", 0x80000001) * 9000, directories={1: (DATA, 4000)}),
        driver(struct.pack("<2I", 0, 0x8000) * 40_000, directories={5: (DATA, 320_000)}),
        driver(struct.pack("<20x5I", 9, 8192, 0, 0, 0), directories={EXPORT: (DATA, 40)}),
    ],
)
def test_tables_without_end_are_cut_off(data: bytes) -> None:
    """Imports, relocations and exports that go on and on are read up to a count."""
    began = time.perf_counter()
    loads_or_refuses(data)
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("half", "entries", "expected"),
    [
        (0x0002, (entry(HIGH, DATA),), 0x0003),
        (0x9000, (entry(LOW, DATA),), 0x1000),
        (0x0002, (entry(HIGHADJ, DATA), 0x9000), 0x0003),
        (0x0002, (entry(HIGHADJ, DATA), 0x1000), 0x0004),
    ],
)
def test_halves_of_an_address_move_by_any_distance(
    half: int, entries: tuple[int, ...], expected: int
) -> None:
    """By 0x18000: a high half that is followed by a signed low one rounds, others do not."""
    data = driver(struct.pack("<I", half), entries, machine=ALPHA)
    headers = read_headers(data)
    image = FlatImage(data, headers)
    assert relocate(image, headers, 0x18000) == ()
    assert image.word(DATA) == expected
