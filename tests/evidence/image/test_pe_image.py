"""A PE image reads as what it says: headers, version, imports and debug directory."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from fixtures.pe_image import ALPHA, I386, ChecksumKind, PERecipe, VersionResource, build_pe_image
from ntscan.evidence.characteristics import PEMetadata
from ntscan.evidence.characteristics import VersionResource as Version
from ntscan.evidence.image.pe_image import is_native_image, machine_name, read_pe_image

_LINKED: Final = datetime(1999, 9, 30, 2, 41, 10, tzinfo=UTC)
_PLAIN: Final = PERecipe(time_date_stamp=_LINKED)


def _read(**changes: Any) -> PEMetadata:  # noqa: ANN401  any field of a recipe
    return read_pe_image(build_pe_image(replace(_PLAIN, **changes)))


def _read_version(**changes: Any) -> Version:  # noqa: ANN401  any field of a version resource
    version = _read(version=VersionResource(**changes)).version
    assert version is not None
    return version


@pytest.mark.parametrize(
    ("machine", "name"),
    [
        (I386, "i386"),
        (ALPHA, "alpha"),
        (0x162, "mips"),
        (0x166, "mips"),
        (0x168, "mips"),
        (0x1F0, "powerpc"),
        (0x8664, "amd64"),
        (0x200, "ia64"),
        (0x284, "axp64"),
        (0, "0x0000"),
        (0x1234, "0x1234"),
        (0xFFFF, "0xffff"),
    ],
)
def test_machine_is_named_and_never_guessed(machine: int, name: str) -> None:
    """A machine has the specification's name; a number without one stays a number."""
    assert machine_name(machine) == name
    assert _read(machine=machine).machine == name


@pytest.mark.parametrize(
    ("stamp", "time"),
    [
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (938_659_270, _LINKED),
        (0x7FFFFFFF, datetime(2038, 1, 19, 3, 14, 7, tzinfo=UTC)),
        (0x80000000, datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC)),
        (0xFFFFFFFF, datetime(2106, 2, 7, 6, 28, 15, tzinfo=UTC)),
    ],
)
def test_time_date_stamp_is_seconds_since_1970_utc(stamp: int, time: datetime) -> None:
    """The stamp is an unsigned number of seconds, from the first of 1970 to 2106."""
    assert _read(time_date_stamp=stamp).time_date_stamp == time


@pytest.mark.parametrize(
    ("kind", "valid"),
    [(ChecksumKind.VALID, True), (ChecksumKind.ZERO, None), (ChecksumKind.WRONG, False)],
)
def test_checksum_is_valid_absent_or_wrong(kind: ChecksumKind, valid: bool | None) -> None:
    """A stored checksum is the computed one or not; where zero is stored, nobody knows."""
    assert _read(checksum=kind).checksum_valid is valid


@pytest.mark.parametrize(
    ("subsystem", "name"), [(1, "native"), (2, "windows_gui"), (3, "windows_cui"), (99, "0x0063")]
)
def test_subsystem_is_named(subsystem: int, name: str) -> None:
    """A subsystem has the specification's name, or its number."""
    image = build_pe_image(replace(_PLAIN, subsystem=subsystem))

    assert read_pe_image(image).subsystem == name
    assert is_native_image(image[:4096]) is (subsystem == 1)


@pytest.mark.parametrize("head", [b"", b"MZ", b"MZ" + bytes(62), b"PE\0\0" + bytes(200)])
def test_other_bytes_are_no_native_image(head: bytes) -> None:
    """What has no DOS header or no PE header is no native image."""
    assert not is_native_image(head)


@pytest.mark.parametrize("size", [134_400, 241_728])
def test_size_of_image_is_the_one_in_memory(size: int) -> None:
    """SizeOfImage is the optional header's; a recipe of an aligned size fills it."""
    assert _read(size=size).size_of_image == size


def test_version_resource_is_read_whole() -> None:
    """Binary versions, string versions, the original name and the language, each by itself."""
    assert _read_version(
        file_version=(4, 0, 1381, 7),
        product_version=(65535, 0, 1381, 1),
        strings=(
            ("FileVersion", "4.00"),
            ("OriginalFilename", "SFMSRV.SYS"),
            ("ProductVersion", "4.0 RC 1"),
        ),
    ) == Version(
        file_version="4.0.1381.7",
        product_version="65535.0.1381.1",
        file_version_string="4.00",
        product_version_string="4.0 RC 1",
        original_filename="SFMSRV.SYS",
        languages=(0x0409,),
    )


def test_image_without_version_resource_has_none() -> None:
    """No resource directory: no version, which is not a version without fields."""
    assert _read(version=None).version is None


def test_version_without_fixed_part_keeps_its_strings() -> None:
    """Without VS_FIXEDFILEINFO there is no binary version; the strings are read nevertheless."""
    version = _read_version(file_version=None)

    assert (version.file_version, version.product_version) == (None, None)
    assert (version.file_version_string, version.original_filename) == ("4.00", "DRIVER.SYS")


def test_version_without_strings_keeps_its_fixed_part() -> None:
    """Strings that are not there are None; the binary version and the language stay."""
    assert _read_version(strings=()) == Version(
        file_version="4.0.1381.1",
        product_version="4.0.1381.1",
        file_version_string=None,
        product_version_string=None,
        original_filename=None,
        languages=(0x0409,),
    )


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", ""),
        (" 4.00 ", "4.00"),
        ("4.0\N{SNOWMAN}", "4.0\N{SNOWMAN}"),
        ("\N{ROCKET}" * 3, "\N{ROCKET}" * 3),
        ("\x1b[31m\u202e", "\x1b[31m\u202e"),
        ("v" * 256, "v" * 256),
        ("v" * 20_000, "v" * 256),
    ],
    ids=["empty", "spaces", "wide", "surrogates", "controls", "longest", "too-long"],
)
def test_version_string_is_read_as_it_stands(written: str, read: str) -> None:
    """A string keeps every character but outer spaces, up to 256; showing it is not done here."""
    assert _read_version(strings=(("FileVersion", written),)).file_version_string == read


@pytest.mark.parametrize("language", [0, 0x0407, 0x0409, 0x0809, 0xFFFF])
def test_language_is_that_of_the_resource(language: int) -> None:
    """The language is a Windows language identifier."""
    assert _read_version(language=language).languages == (language,)


def test_languages_of_directory_and_string_table_are_both_told() -> None:
    """A translated string table under another language's directory entry shows both, ascending."""
    image = build_pe_image(replace(_PLAIN, version=VersionResource(language=0x0809)))
    table = "080904B0".encode("utf-16-le")
    assert image.count(table) == 1
    metadata = read_pe_image(image.replace(table, "040704B0".encode("utf-16-le")))

    assert metadata.version is not None
    assert metadata.version.languages == (0x0407, 0x0809)


_ALL: Final = ("IoAllocateIrp", "IoFreeIrp", "IofCallDriver")


@pytest.mark.parametrize(
    ("imports", "told"),
    [
        ((), ()),
        ((("ntoskrnl.exe", ("IofCallDriver", "IoFreeIrp", "IoAllocateIrp")),), _ALL),
        ((("NTOSKRNL.EXE", ("IoFreeIrp",)),), ("IoFreeIrp",)),
        ((("ntoskrnl.exe", ("IoFreeIrpX", "ioFreeIrp", "KeBugCheckEx")),), ()),
        ((("hal.dll", ("IoFreeIrp",)), ("ntoskrnl.exe", ("IoAllocateIrp",))), ("IoAllocateIrp",)),
        ((("ntoskrnl.exe", ()), ("ntoskrnl.exe", ("IoFreeIrp",))), ("IoFreeIrp",)),
        ((("ntoskrnl.exe", tuple(f"Rtl{n}" for n in range(4000)) + _ALL),), _ALL),
    ],
)
def test_kernel_imports_are_those_that_matter(
    imports: tuple[tuple[str, tuple[str, ...]], ...], told: tuple[str, ...]
) -> None:
    """Three routines are looked for, by exact name, in ntoskrnl.exe alone, in a fixed order."""
    assert _read(imports=imports).kernel_imports == told


@pytest.mark.parametrize(
    ("misc", "codeview", "name"),
    [
        (None, None, None),
        ("sfmsrv.dbg", None, "sfmsrv.dbg"),
        (None, "sfmsrv.pdb", "sfmsrv.pdb"),
        ("sfmsrv.dbg", "sfmsrv.pdb", "sfmsrv.dbg"),
        ("", "sfmsrv.pdb", "sfmsrv.pdb"),
        ("", None, None),
    ],
)
def test_debug_file_name_is_the_first_one_named(
    misc: str | None, codeview: str | None, name: str | None
) -> None:
    """The .dbg file of a stripped image comes first, then the .pdb; an empty name is none."""
    assert _read(debug_file_name=misc, codeview_pdb_name=codeview).debug_file_name == name
