"""What a target holds is collected whole: systems, files with their roles, and every failure."""

import hashlib
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from fixtures.pe_image import PERecipe, VersionResource, build_pe_image
from fixtures.sfmsrv import published_build
from ntscan.evidence.characteristics import (
    FileItem,
    Hashes,
    NotAnImage,
    PEMetadata,
    SystemCharacteristics,
)
from ntscan.evidence.collect import collect
from ntscan.evidence.system_evidence import NO_HIVES
from ntscan.evidence.wanted import Wanted
from ntscan.sources.open import open_source
from ntscan.sources.source import LARGEST_DRIVER
from ntscan.vocabulary import FileRole, ModificationTimeKind, Stage

_WANTED: Final = (Wanted(file_name="sfmsrv.sys"),)
_DRIVER: Final = build_pe_image(published_build("SP5").recipe)
_OTHER: Final = PERecipe(time_date_stamp=datetime(1996, 10, 14, tzinfo=UTC))
_NATIVE: Final = build_pe_image(_OTHER)
_PROGRAM: Final = build_pe_image(replace(_OTHER, subsystem=2))
_UNIX: Final = pytest.mark.skipif(
    sys.platform == "win32", reason="FIFOs, and links without privileges, are of Unix"
)


def _write(folder: Path, *paths: str, content: bytes = _DRIVER) -> None:
    for path in paths:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def _collect(target: Path | str) -> tuple[SystemCharacteristics, ...]:
    return collect(open_source(str(target)), _WANTED)


def _only(target: Path | str) -> SystemCharacteristics:
    (system,) = _collect(target)
    return system


def _told(files: tuple[FileItem, ...], below: Path) -> list[tuple[str, FileRole, bool]]:
    """Return each file's path below a folder, its role, and whether it decides."""
    return [
        (os.path.relpath(file.path, below).replace(os.sep, "/"), file.role, file.decides)
        for file in files
    ]


def test_a_file_is_collected_with_everything_that_names_it(tmp_path: Path) -> None:
    """Path, size, time, three digests of the same bytes, and what its headers say."""
    _write(tmp_path, "SfmSrv.SYS")
    os.utime(tmp_path / "SfmSrv.SYS", (0, 938_659_270))
    (item,) = _only(tmp_path).files

    assert item.path == str(tmp_path / "SfmSrv.SYS")
    assert (item.name, item.size) == ("sfmsrv.sys", len(_DRIVER))
    assert item.modified == datetime(1999, 9, 30, 2, 41, 10, tzinfo=UTC)
    assert item.modified_kind is ModificationTimeKind.UTC
    assert item.hashes == Hashes(
        md5=hashlib.md5(_DRIVER, usedforsecurity=False).hexdigest(),
        sha1=hashlib.sha1(_DRIVER, usedforsecurity=False).hexdigest(),
        sha256=hashlib.sha256(_DRIVER).hexdigest(),
    )
    assert isinstance(item.image, PEMetadata)
    assert item.image.machine == "i386"


@pytest.mark.parametrize(
    "name", ["WINNT", "nt40.srv", "Windows", "new\nline", "\x1b[31m", "\u202e"]
)
def test_a_system_is_found_whatever_its_root_is_called(tmp_path: Path, name: str) -> None:
    """A system stands above system32 and drivers, in any letter case; its driver decides."""
    _write(tmp_path, f"{name}/SYSTEM32/Drivers/SFMSRV.SYS")
    system = _only(tmp_path)

    assert (system.root, system.is_nt) == (str(tmp_path / name), True)
    assert _told(system.files, tmp_path) == [
        (f"{name}/SYSTEM32/Drivers/SFMSRV.SYS", FileRole.INSTALLED, True)
    ]


@pytest.mark.parametrize(
    ("target", "root"),
    [("WINNT", "WINNT"), ("WINNT/system32", "WINNT"), ("WINNT/system32/drivers", "WINNT")],
)
def test_a_folder_inside_a_system_is_of_that_system(tmp_path: Path, target: str, root: str) -> None:
    """Given WINNT, its system32 or the drivers folder itself, the driver is the installed one."""
    _write(tmp_path, "WINNT/system32/drivers/sfmsrv.sys")
    system = _only(tmp_path / target)

    assert system.root == str(tmp_path / root)
    assert [(file.role, file.decides) for file in system.files] == [(FileRole.INSTALLED, True)]


@pytest.mark.parametrize(
    ("inside", "target"),
    [
        ("WINNT/system32", "drivers"),
        ("WINNT/system32", "./drivers"),
        ("WINNT/system32/drivers", "."),
        ("WINNT", "system32/drivers"),
        ("WINNT", "system32/../system32/drivers"),
        (".", "WINNT/system32/drivers"),
    ],
)
def test_a_path_that_begins_below_the_root_is_of_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: str, target: str
) -> None:
    """A relative path is compared from the top, and the root is told as a path that leads there."""
    _write(tmp_path, "WINNT/system32/drivers/sfmsrv.sys")
    monkeypatch.chdir(tmp_path / inside)
    system = _only(target)

    assert system.root is not None
    assert Path(system.root).samefile(tmp_path / "WINNT")
    assert [file.role for file in system.files] == [FileRole.INSTALLED]


def test_a_system_of_hives_alone_is_a_system_without_the_driver(tmp_path: Path) -> None:
    """A config folder proves a system; a driver that is not there is missing from NT."""
    _write(tmp_path, "WINNT/system32/config/system", content=b"regf")
    system = _only(tmp_path)

    assert (system.root, system.is_nt, system.files) == (str(tmp_path / "WINNT"), True, ())


def test_copies_beside_the_installed_driver_are_shown_and_decide_nothing(tmp_path: Path) -> None:
    """Backups, sources and stray copies have their roles; outside the root they stand last."""
    _write(
        tmp_path,
        "WINNT/system32/drivers/sfmsrv.sys",
        "WINNT/$NtUninstallQ242896$/sfmsrv.sys",
        "WINNT/temp/sfmsrv.sys",
        "I386/SFMSRV.SYS",
    )
    system, outside = _collect(tmp_path)

    assert _told(system.files, tmp_path) == [
        ("WINNT/$NtUninstallQ242896$/sfmsrv.sys", FileRole.BACKUP, False),
        ("WINNT/system32/drivers/sfmsrv.sys", FileRole.INSTALLED, True),
        ("WINNT/temp/sfmsrv.sys", FileRole.OTHER, False),
    ]
    assert (outside.root, outside.is_nt) == (None, False)
    assert _told(outside.files, tmp_path) == [("I386/SFMSRV.SYS", FileRole.SOURCE, False)]


def test_every_system_of_a_tree_has_its_own_files(tmp_path: Path) -> None:
    """Two installations in one tree, one inside the other: each file goes to the innermost."""
    _write(
        tmp_path,
        "WINNT/system32/drivers/sfmsrv.sys",
        "WINNT/backup/NT4/system32/drivers/sfmsrv.sys",
    )
    systems = _collect(tmp_path)

    assert {system.root: len(system.files) for system in systems} == {
        str(tmp_path / "WINNT"): 1,
        str(tmp_path / "WINNT/backup/NT4"): 1,
    }
    assert all(file.decides for system in systems for file in system.files)


def test_without_a_system_every_file_decides(tmp_path: Path) -> None:
    """In a folder of loose copies each one is asked about, whatever its folder is called."""
    _write(tmp_path, "one/sfmsrv.sys", "$NtUninstallQ1$/sfmsrv.sys", "i386/sfmsrv.sys")

    assert _told(_only(tmp_path).files, tmp_path) == [
        ("$NtUninstallQ1$/sfmsrv.sys", FileRole.OTHER, True),
        ("i386/sfmsrv.sys", FileRole.OTHER, True),
        ("one/sfmsrv.sys", FileRole.OTHER, True),
    ]


@pytest.mark.parametrize(
    ("contents", "is_nt"),
    [
        ([_NATIVE, _NATIVE, _NATIVE], True),
        ([_NATIVE, _NATIVE], False),
        ([_NATIVE, _NATIVE, _PROGRAM], False),
        ([_NATIVE, _NATIVE, b"MZ"], False),
        ([_NATIVE, _NATIVE, b""], False),
        ([_PROGRAM, b"MZ", _NATIVE, _NATIVE, _NATIVE], True),
        ([], False),
    ],
)
def test_a_folder_of_drivers_is_known_by_three_of_them(
    tmp_path: Path, contents: list[bytes], is_nt: bool
) -> None:
    """Three .sys files of the native subsystem make a folder one of NT's; two do not."""
    for number, content in enumerate(contents):
        _write(tmp_path, f"copied/driver{number}.SYS", content=content)
    (tmp_path / "copied").mkdir(exist_ok=True)

    assert _only(tmp_path / "copied") == SystemCharacteristics(root=None, is_nt=is_nt, files=())
    assert not _only(tmp_path).is_nt


def test_three_drivers_in_three_folders_make_no_drivers_folder(tmp_path: Path) -> None:
    """The drivers must lie together: one each in three folders prove nothing."""
    _write(tmp_path, "a/a.sys", "b/b.sys", "c/c.sys", content=_NATIVE)

    assert not _only(tmp_path).is_nt


@pytest.mark.parametrize(
    ("name", "original", "known"),
    [
        ("sfmsrv.sys", "DRIVER.SYS", True),
        ("SFMSRV.SYS", "", True),
        ("evidence-0017.bin", "SFMSRV.SYS", True),
        ("evidence-0017.bin", "sfmsrv.sys", True),
        ("evidence-0017.bin", "SFMSRV", False),
        ("afd.sys", "AFD.SYS", False),
    ],
)
def test_a_file_named_directly_goes_by_its_name_or_its_original_name(
    tmp_path: Path, name: str, original: str, known: bool
) -> None:
    """A copy under another name is known by its version resource; it decides, and is of no NT."""
    version = VersionResource(strings=(("OriginalFilename", original),))
    _write(tmp_path, name, content=build_pe_image(replace(_OTHER, version=version)))
    found = _only(tmp_path / name)

    assert (found.root, found.is_nt, found.errors) == (None, False, ())
    assert [(file.name, file.role, file.decides) for file in found.files] == (
        [("sfmsrv.sys", FileRole.OTHER, True)] if known else []
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is empty (0 bytes)"), (b"MZ", "is no PE image"), (_DRIVER[:-64], "is cut short")],
)
def test_a_file_that_is_no_image_is_kept_with_its_error(
    tmp_path: Path, content: bytes, message: str
) -> None:
    """What is no PE image has its size and digests, and an error that says what it lacks."""
    _write(tmp_path, "sfmsrv.sys", content=content)
    for target in (tmp_path, tmp_path / "sfmsrv.sys"):
        found = _only(target)
        (item,), (error,) = found.files, found.errors

        assert item.size == len(content)
        assert item.hashes.sha256 == hashlib.sha256(content).hexdigest()
        assert isinstance(item.image, NotAnImage)
        assert message in item.image.reason == error.message
        assert (error.stage, error.file_name, error.decides) == (Stage.PE, "sfmsrv.sys", True)


def test_a_folder_of_the_driver_s_name_is_an_error(tmp_path: Path) -> None:
    """A directory named sfmsrv.sys is said to be one; what lies in it is looked at."""
    _write(tmp_path, "sfmsrv.sys/notes.txt", "sfmsrv.sys/sfmsrv.sys")
    found = _only(tmp_path)
    (error,) = found.errors

    assert (error.stage, error.path) == (Stage.OPEN, str(tmp_path / "sfmsrv.sys"))
    assert "is a folder where a file should be" in error.message
    assert [file.path for file in found.files] == [str(tmp_path / "sfmsrv.sys" / "sfmsrv.sys")]


def test_a_file_too_large_to_be_a_driver_is_an_error_at_once(tmp_path: Path) -> None:
    """4 GB under the driver's name are not read; nor is one byte more than any driver has."""
    for name, size in (("a/sfmsrv.sys", 4 * 1024**3), ("b/sfmsrv.sys", LARGEST_DRIVER + 1)):
        _write(tmp_path, name, content=b"")
        os.truncate(tmp_path / name, size)
    found = _only(tmp_path)

    assert found.files == ()
    assert [error.stage for error in found.errors] == [Stage.READ, Stage.READ]
    assert all("no such file of Windows NT 4.0 is as large" in e.message for e in found.errors)


@_UNIX
def test_what_is_no_file_under_the_driver_s_name_is_an_error(tmp_path: Path) -> None:
    """A FIFO is not waited for, a link is not followed, and neither is skipped silently."""
    _write(tmp_path, "elsewhere/driver")
    for folder in ("a", "b"):
        (tmp_path / "tree" / folder).mkdir(parents=True)
    os.mkfifo(tmp_path / "tree" / "a" / "sfmsrv.sys")
    (tmp_path / "tree" / "b" / "sfmsrv.sys").symlink_to(tmp_path / "elsewhere" / "driver")
    found = _only(tmp_path / "tree")

    assert found.files == ()
    assert [(error.stage, error.file_name) for error in found.errors] == [
        (Stage.WALK, "sfmsrv.sys"),
        (Stage.READ, "sfmsrv.sys"),
    ]
    assert "links are not followed" in found.errors[0].message
    assert "is no regular file" in found.errors[1].message


@_UNIX
@pytest.mark.parametrize(
    ("link", "decides"),
    [
        ("WINNT/system32/drivers/etc", False),
        ("WINNT/profiles", False),
        ("WINNT/system32/drivers/sfmsrv.sys", True),
        ("data", False),
    ],
)
def test_a_link_out_of_the_tree_decides_only_where_the_driver_lies(
    tmp_path: Path, link: str, decides: bool
) -> None:
    """A link that could hide the installed driver decides; one beside it is only said."""
    _write(tmp_path, "outside/file")
    _write(tmp_path, "tree/WINNT/system32/config/sam", content=b"")
    (tmp_path / "tree/WINNT/system32/drivers").mkdir()
    (tmp_path / "tree" / link).symlink_to(tmp_path / "outside")
    errors = [error for system in _collect(tmp_path / "tree") for error in system.errors]

    assert [(error.path, error.decides) for error in errors] == [
        (str(tmp_path / "tree" / link), decides)
    ]


@_UNIX
def test_a_drivers_folder_that_is_a_link_out_of_the_tree_decides(tmp_path: Path) -> None:
    """Where the hives stand and the drivers folder leads away, the driver may lie there."""
    _write(tmp_path, "outside/sfmsrv.sys")
    _write(tmp_path, "WINNT/system32/config/sam", content=b"")
    (tmp_path / "WINNT/system32/drivers").symlink_to(tmp_path / "outside")
    system = _only(tmp_path / "WINNT")

    assert system.files == ()
    assert any(error.decides for error in system.errors)


@_UNIX
def test_links_that_lead_in_circles_end_nowhere(tmp_path: Path) -> None:
    """A link to itself, to another link, or to a folder above: walked past, with nothing to say."""
    _write(tmp_path, "tree/sfmsrv.sys")
    (tmp_path / "tree" / "self").symlink_to("self")
    (tmp_path / "tree" / "one").symlink_to("two")
    (tmp_path / "tree" / "two").symlink_to("one")
    (tmp_path / "tree" / "above").symlink_to(tmp_path / "tree")
    found = _only(tmp_path / "tree")

    assert len(found.files) == 1
    assert found.errors == ()


@_UNIX
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("WINNT/system32/drivers/SFMSRV.SYS", "WINNT/system32/drivers/sfmsrv.sys"),
        ("WINNT/System32/drivers/sfmsrv.sys", "WINNT/system32/drivers/sfmsrv.sys"),
        ("WINNT/system32/drivers/sfmsrv.sys", "winnt/system32/config/software"),
    ],
)
def test_names_that_nt_cannot_tell_apart_stand_for_nothing(
    tmp_path: Path, one: str, other: str
) -> None:
    """On Unix both can be there; NT would see one of them, and nobody knows which."""
    _write(tmp_path, one, other)
    system = _only(tmp_path)

    assert (system.files, system.registry) == ((), NO_HIVES)
    doubles = [error.decides for error in system.errors if "cannot tell from" in error.message]
    assert doubles
    assert all(doubles)


def test_names_that_differ_by_case_are_both_shown_outside_a_system(tmp_path: Path) -> None:
    """Two folders of copies are two folders, whatever NT would make of them."""
    _write(tmp_path, "plant/sfmsrv.sys", "PLANT/sfmsrv.sys")

    assert len(_only(tmp_path).files) == 2
