"""Damaged and hostile bytes give evidence or one sentence: never another exception, never slow."""

import struct
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from fixtures.pe_image import ALPHA, PERecipe, VersionResource, build_pe_image
from ntscan.errors import ImageError
from ntscan.evidence.characteristics import PEMetadata
from ntscan.evidence.characteristics import VersionResource as Version
from ntscan.evidence.image.pe_image import is_native_image, read_pe_image

Damage: TypeAlias = Callable[[bytes], bytes]

_RECIPE: Final = PERecipe(
    time_date_stamp=datetime(1999, 9, 30, tzinfo=UTC),
    debug_file_name="sfmsrv.dbg",
    codeview_pdb_name="sfmsrv.pdb",
)
_IMAGE: Final = build_pe_image(_RECIPE)

_VERSION: Final = Version(
    file_version="4.0.1381.1",
    product_version="4.0.1381.1",
    file_version_string="4.00",
    product_version_string="4.00",
    original_filename="DRIVER.SYS",
    languages=(0x0409,),
)

# Offsets in an image of the recipe, in bytes: its headers begin with a DOS header of 64.
_E_LFANEW: Final = 0x3C
_PE_HEADER: Final = 0x40
_MACHINE: Final = 0x44
_NUMBER_OF_SECTIONS: Final = 0x46
_OPTIONAL_HEADER: Final = 0x58
_NUMBER_OF_RVA_AND_SIZES: Final = 0xB4
_DATA_DIRECTORIES: Final = 0xB8
_SECTION_TABLE: Final = 0x138
_SECTION_HEADER_SIZE: Final = 40
_IMPORT, _RESOURCE, _DEBUG = 1, 2, 6

#: Long enough for a slow machine, and far from what a loop that hostile bytes lengthen would take.
_PATIENCE: Final = timedelta(seconds=1)


def _put(image: bytes, offset: int, content: bytes) -> bytes:
    return image[:offset] + content + image[offset + len(content) :]


def _u16(image: bytes, offset: int, value: int) -> bytes:
    return _put(image, offset, struct.pack("<H", value))


def _u32(image: bytes, offset: int, *values: int) -> bytes:
    return _put(image, offset, struct.pack(f"<{len(values)}I", *values))


def _directory(image: bytes, index: int) -> int:
    """Return where a directory lies in the file, which is its RVA in these images."""
    (rva,) = struct.unpack_from("<I", image, _DATA_DIRECTORIES + 8 * index)
    assert rva
    return int(rva)


def _move(index: int, rva: int, size: int) -> Damage:
    return lambda image: _u32(image, _DATA_DIRECTORIES + 8 * index, rva, size)


def _in_directory(index: int, offset: int, *values: int) -> Damage:
    return lambda image: _u32(image, _directory(image, index) + offset, *values)


def _section(field: int, value: int) -> Damage:
    return lambda image: _u32(image, _SECTION_TABLE + field, value)


def _signature(signature: bytes) -> Damage:
    return lambda image: _put(image, _PE_HEADER, signature)


def _appended(index: int, content: Callable[[int], bytes]) -> Damage:
    """Let a directory lie at the end of the last section, which grows by its content."""

    def damage(image: bytes) -> bytes:
        (count,) = struct.unpack_from("<H", image, _NUMBER_OF_SECTIONS)
        last = _SECTION_TABLE + (count - 1) * _SECTION_HEADER_SIZE
        rva = len(image)
        (start,) = struct.unpack_from("<I", image, last + 12)
        added = content(rva)
        grown = _u32(image + added, last + 16, rva + len(added) - start)
        return _u32(grown, _DATA_DIRECTORIES + 8 * index, rva, len(added))

    return damage


def _resource_tree(version: bytes, *, versions: int = 1) -> Callable[[int], bytes]:
    """Return a resource directory of one RT_VERSION with so many languages, all of one block."""
    data = 0x40 + 8 * versions

    def content(rva: int) -> bytes:
        return b"".join(
            (
                struct.pack("<12x2H2I", 0, 1, 16, 1 << 31 | 0x18),
                struct.pack("<12x2H2I", 0, 1, 1, 1 << 31 | 0x30),
                struct.pack("<12x2H", 0, versions),
                *(struct.pack("<2I", language, data) for language in range(versions)),
                struct.pack("<4I", rva + data + 16, len(version), 0, 0),
                version,
            )
        )

    return content


def _endless_thunks(rva: int) -> bytes:
    """Return an import table of ntoskrnl.exe whose 5,000 thunks name one routine."""
    name, routine, thunks = rva + 40, rva + 56, rva + 72
    descriptors = struct.pack("<5I", thunks, 0, 0, name, thunks).ljust(40, b"\0")
    names = b"ntoskrnl.exe".ljust(16, b"\0") + b"\0\0IoFreeIrp".ljust(16, b"\0")
    return descriptors + names + struct.pack("<I", routine) * 5000


def _nested_strings(rva: int) -> bytes:
    """Return a version of 1,600 string tables that begin 40 bytes apart and each fill all the rest.

    A reader that follows every length as it stands reads 65,535 bytes 1,600 times.
    """
    root = struct.pack("<3H", 0xFFFF, 0, 0) + "VS_VERSION_INFO\0".encode("utf-16-le") + bytes(2)
    strings = struct.pack("<3H", 40, 0, 1) + "StringFileInfo\0".encode("utf-16-le")
    table = struct.pack("<2H", 0xFFFF, 0)  # its type and key are the next block's first fields
    version = (root + (strings + table) * 1700)[:0xFFFF]
    return _resource_tree(version)(rva)


_BOUNDARIES: Final = {
    "inside the DOS header": 0x3F,
    "after the DOS header": 0x40,
    "inside the PE signature": 0x42,
    "after the PE signature": 0x44,
    "inside the file header": 0x50,
    "after the file header": 0x58,
    "inside the optional header": 0x90,
    "before the data directories": 0xB8,
    "between the data directories": 0xC4,
    "before the section table": 0x138,
    "inside a section header": 0x140,
    "between the section headers": 0x160,
    "after the section table": 0x138 + 6 * 40,
    "inside a section": len(_IMAGE) - 1,
}


@pytest.mark.parametrize("length", _BOUNDARIES.values(), ids=_BOUNDARIES)
def test_an_image_that_is_cut_short_is_an_error(length: int) -> None:
    """A file that ends anywhere before its last section ends is no evidence."""
    with pytest.raises(ImageError, match="copy the driver again"):
        read_pe_image(_IMAGE[:length])


def _version_block(image: bytes) -> bytes:
    """Return the VS_VERSIONINFO of an image."""
    rva, size = struct.unpack_from("<2I", image, _directory(image, _RESOURCE) + 72)
    return image[rva : rva + size]


_NO_IMAGES: Final[dict[str, tuple[bytes, str]]] = {
    "empty": (b"", "is empty (0 bytes)"),
    "one byte": (b"M", "is no program"),
    "MZ only": (b"MZ", "is no PE image"),
    "a DOS program": (b"MZ" + bytes(62), "is no PE image"),
    "zeros": (bytes(4096), "is no program"),
    "ones": (b"\xff" * 4096, "is no program"),
    "text": (b"not a driver\r\n" * 99, "is no program"),
    "ZM": (_put(_IMAGE, 0, b"ZM"), "is no program"),
    "a registry hive": (b"regf" + bytes(4092), "is a registry hive"),
    "a file of the CD": (b"SZDD\x88\xf0\x27\x33A" + bytes(99), "is compressed"),
    "its other compression": (b"KWAJ\x88\xf0\x27\xd1" + bytes(99), "is compressed"),
    "a cabinet": (b"MSCF" + bytes(99), "is compressed"),
    "NE": (_signature(b"NE\0\0")(_IMAGE), "NE file"),
    "LE": (_signature(b"LE\0\0")(_IMAGE), "LE file"),
    "another signature": (_signature(b"PE\0\1")(_IMAGE), "is no PE image"),
    "a PE header past the end": (_u32(_IMAGE, _E_LFANEW, 0xFFFFFFF0), "is no PE image"),
    "a PE header at the end": (_u32(_IMAGE, _E_LFANEW, len(_IMAGE)), "is no PE image"),
    "a ROM image": (_u16(_IMAGE, _OPTIONAL_HEADER, 0x107), "neither a PE32 nor a PE32+"),
}


@pytest.mark.parametrize(("data", "message"), _NO_IMAGES.values(), ids=_NO_IMAGES)
def test_what_is_no_pe_image_is_an_error(data: bytes, message: str) -> None:
    """Bytes that are no PE image raise ImageError, with a sentence that says what is wrong."""
    with pytest.raises(ImageError) as raised:
        read_pe_image(data)

    assert message in str(raised.value)


_DAMAGED: Final[dict[str, tuple[Damage, str]]] = {
    "65,535 sections": (lambda image: _u16(image, _NUMBER_OF_SECTIONS, 65_535), "65,535 sections"),
    "97 sections": (lambda image: _u16(image, _NUMBER_OF_SECTIONS, 97), "97 sections"),
    "a section table past the end": (lambda image: _u16(image, 0x54, 0xFFFF), "is cut short"),
    "a section past the end": (_section(20, 0xFFFFFFFF), "is cut short"),
    "a section of 4 GB": (_section(16, 0xFFFFFFFF), "is cut short"),
    "imports outside every section": (_move(_IMPORT, 0x7FFFFFF0, 40), "none of its sections holds"),
    "imports in the headers": (_move(_IMPORT, 0x40, 40), "none of its sections holds"),
    "an imported name outside": (_in_directory(_IMPORT, 12, 0xFFFFFFF0), "imports a name at"),
    "imports without an end": (
        _appended(_IMPORT, lambda rva: struct.pack("<5I", rva, 0, 0, rva, rva) * 200),
        "more than 64 files",
    ),
    "thunks without an end": (
        _appended(_IMPORT, _endless_thunks),
        "imports without end",
    ),
    "resources outside every section": (
        _move(_RESOURCE, 0xFFFFFFFF, 1),
        "none of its sections holds",
    ),
    "65,535 resources": (_in_directory(_RESOURCE, 12, 0xFFFFFFFF), "131,070 entries"),
    "resources that end early": (_in_directory(_RESOURCE, 12, 1024), "none of its sections holds"),
    "a resource loop to the root": (_in_directory(_RESOURCE, 20, 1 << 31), "none of its sections"),
    "a resource loop to itself": (
        _in_directory(_RESOURCE, 44, 1 << 31 | 24),
        "none of its sections",
    ),
    "a version that is no directory": (_in_directory(_RESOURCE, 20, 0x48), "version resource"),
    "a version deep below": (_in_directory(_RESOURCE, 68, 1 << 31), "none of its sections holds"),
    "a version of 4 GB": (_in_directory(_RESOURCE, 76, 0xFFFFFFFF), "version resource"),
    "a version outside": (_in_directory(_RESOURCE, 72, 0xFFFFFF00), "none of its sections holds"),
    "a version longer than its section": (
        lambda image: _in_directory(_RESOURCE, 76, len(_version_block(image)) + 32)(image),
        "none of its sections holds",
    ),
    "a version without bytes": (_in_directory(_RESOURCE, 76, 0), "version resource"),
    "a version of zeros": (
        _appended(_RESOURCE, _resource_tree(bytes(0xFFFF))),
        "version resource",
    ),
    "17 languages": (_appended(_RESOURCE, _resource_tree(b"", versions=17)), "17 entries"),
}


@pytest.mark.parametrize(("damage", "message"), _DAMAGED.values(), ids=_DAMAGED)
def test_damage_to_what_nt_reads_is_an_error(damage: Damage, message: str) -> None:
    """Sections, imports and resources that cannot be as stated raise ImageError, and say which."""
    with pytest.raises(ImageError) as raised:
        read_pe_image(damage(_IMAGE))

    assert message in str(raised.value)


def _overlapping(image: bytes) -> bytes:
    """Return the image with its PE header inside the DOS header, as the smallest images have it."""
    headers = image[_PE_HEADER : _SECTION_TABLE + 6 * _SECTION_HEADER_SIZE]
    return _u32(_put(image, 4, headers), _E_LFANEW, 4)


def _lookup_table(image: bytes) -> int:
    (rva,) = struct.unpack_from("<I", image, _directory(image, _IMPORT))
    return int(rva)


_EVIDENCE: Final[dict[str, tuple[Damage, str, object]]] = {
    "overlapping headers": (_overlapping, "machine", "i386"),
    "a trailing byte": (lambda image: image + b"x", "checksum_valid", False),
    "no data directories": (
        lambda image: _u32(image, _NUMBER_OF_RVA_AND_SIZES, 0),
        "version",
        None,
    ),
    "4,294,967,295 data directories": (
        lambda image: _u32(image, _NUMBER_OF_RVA_AND_SIZES, 0xFFFFFFFF),
        "debug_file_name",
        "sfmsrv.dbg",
    ),
    "an empty section far away": (
        lambda image: _u32(image, _SECTION_TABLE + 16, 0, 0xFFFFFFFF),
        "machine",
        "i386",
    ),
    "a debug directory outside": (_move(_DEBUG, 0xFFFFFFF0, 28), "debug_file_name", None),
    "a debug directory of 4 GB": (
        lambda image: _u32(image, _DATA_DIRECTORIES + 8 * _DEBUG + 4, 0xFFFFFFFF),
        "debug_file_name",
        "sfmsrv.dbg",
    ),
    "debug data outside": (_in_directory(_DEBUG, 24, 0xFFFFFFF0), "debug_file_name", "sfmsrv.pdb"),
    "debug data of one byte": (_in_directory(_DEBUG, 16, 1), "debug_file_name", "sfmsrv.pdb"),
    "a fixed version without its signature": (
        lambda image: image.replace(struct.pack("<I", 0xFEEF04BD), bytes(4)),
        "version",
        structs.replace(_VERSION, file_version=None, product_version=None),
    ),
    "a version in two languages": (
        _appended(_RESOURCE, _resource_tree(_version_block(_IMAGE), versions=2)),
        "version",
        structs.replace(_VERSION, languages=(0, 1, 0x0409)),
    ),
    "imports by number": (
        lambda image: _u32(image, _lookup_table(image), 1 << 31 | 7),
        "kernel_imports",
        ("IoFreeIrp", "IofCallDriver"),
    ),
    "a lookup table left out": (
        _in_directory(_IMPORT, 0, 0),
        "kernel_imports",
        ("IoAllocateIrp", "IoFreeIrp", "IofCallDriver"),
    ),
}


@pytest.mark.parametrize(("damage", "field", "value"), _EVIDENCE.values(), ids=_EVIDENCE)
def test_what_nt_does_not_look_at_is_no_error(damage: Damage, field: str, value: object) -> None:
    """Odd bytes that keep NT from nothing are read past; the field shows what is left."""
    assert getattr(read_pe_image(damage(_IMAGE)), field) == value


@pytest.mark.parametrize(
    "damage",
    [
        lambda image: _u16(image, _NUMBER_OF_SECTIONS, 65_535),
        lambda image: _u16(image, _NUMBER_OF_SECTIONS, 96) + bytes(10_000_000),
        _in_directory(_RESOURCE, 12, 0xFFFFFFFF),
        _appended(_IMPORT, _endless_thunks),
        _appended(_RESOURCE, _nested_strings),
        lambda image: image.ljust(16 * 1024 * 1024, b"\xff"),
    ],
    ids=["sections", "blank sections", "resources", "imports", "strings", "16 MB"],
)
def test_hostile_bytes_take_no_time(damage: Damage) -> None:
    """What is made to be read slowly is read, or refused, at once."""
    image = damage(_IMAGE)
    started = time.monotonic()
    with suppress(ImageError):
        read_pe_image(image)
    assert timedelta(seconds=time.monotonic() - started) < _PATIENCE


_EXAMPLES: Final = tuple(
    build_pe_image(recipe)
    for recipe in (
        _RECIPE,
        replace(_RECIPE, machine=ALPHA, version=VersionResource(file_version=None)),
        replace(_RECIPE, version=None, imports=(), debug_file_name=None),
    )
)
_BYTE: Final = st.tuples(st.integers(0, min(map(len, _EXAMPLES)) - 1), st.integers(0, 255))
_FOUR_BYTES: Final = st.tuples(
    st.integers(0, min(map(len, _EXAMPLES)) // 4 - 1).map(lambda index: index * 4),
    st.sampled_from([0, 1, 0x10, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]) | st.integers(0, 0x2000),
)


def _survives(data: bytes) -> PEMetadata | None:
    """Read and allow for nothing but evidence or ImageError."""
    is_native_image(data[:4096])
    with suppress(ImageError):
        return read_pe_image(data)
    return None


@settings(deadline=timedelta(milliseconds=500))
@given(st.binary(max_size=2048))
def test_no_bytes_raise_another_exception(data: bytes) -> None:
    """Whatever the bytes, behind a PE header or without one: evidence or ImageError, soon."""
    _survives(data)
    _survives(_IMAGE[:_MACHINE] + data)
    _survives(_IMAGE[:_SECTION_TABLE] + data)


@settings(deadline=timedelta(milliseconds=500), max_examples=500)
@given(
    image=st.sampled_from(_EXAMPLES),
    single=st.lists(_BYTE, max_size=8),
    fields=st.lists(_FOUR_BYTES, max_size=4),
    length=st.none() | st.integers(0, max(map(len, _EXAMPLES))),
)
def test_no_mutation_raises_another_exception(
    image: bytes, single: list[tuple[int, int]], fields: list[tuple[int, int]], length: int | None
) -> None:
    """Whatever becomes of an image's bytes, fields and end: evidence or ImageError, soon."""
    for offset, value in fields:
        image = _u32(image, offset, value)
    for offset, value in single:
        image = _put(image, offset, bytes([value]))
    _survives(image[:length])


@given(image=st.sampled_from(_EXAMPLES), place=_BYTE)
def test_one_changed_byte_never_leaves_a_valid_checksum(
    image: bytes, place: tuple[int, int]
) -> None:
    """An image with a checksum in which one byte was changed is an error, or is seen as changed."""
    offset, value = place
    changed = _put(image, offset, bytes([value]))
    metadata = _survives(changed)

    assert changed == image or metadata is None or metadata.checksum_valid is not True


@pytest.mark.parametrize("value", [0, 1, 0x80000000, 0xFFFFFFFF])
def test_every_field_survives_its_extremes(value: int) -> None:
    """Every 32 bits of an image, at their least and at their largest: evidence or ImageError."""
    for offset in range(0, len(_IMAGE) - 3, 2):
        _survives(_u32(_IMAGE, offset, value))
