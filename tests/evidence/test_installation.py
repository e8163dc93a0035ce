"""Where an NT system stands, and what a copy of a file is to it, follow from paths alone."""

from typing import Final

import pytest

from ntscan.evidence.installation import Place, role_of, system_root_of, ways_to
from ntscan.vocabulary import FileRole

_ROOTS: Final = frozenset({("/", "winnt"), ("/", "old", "winnt.0")})
_INSTALLED: Final = frozenset((*root, "system32", "drivers", "sfmsrv.sys") for root in _ROOTS)


def _place(path: str) -> Place:
    return ("/", *path.split("/")) if path else ("/",)


@pytest.mark.parametrize(
    ("folder", "root"),
    [
        ("winnt/system32/drivers", "winnt"),
        ("winnt/system32/config", "winnt"),
        ("a/b/nt40.srv/system32/drivers", "a/b/nt40.srv"),
        ("system32/drivers", ""),
        ("drivers", None),
        ("winnt/system32", None),
        ("winnt/system/drivers", None),
        ("winnt/system32/drivers/etc", None),
        ("winnt/system32/drivers2", None),
        ("winnt/system32/spool", None),
    ],
)
def test_a_root_is_proven_by_its_drivers_or_config_folder(folder: str, root: str | None) -> None:
    """Whatever a system root is called, system32 with drivers or hives lies below it."""
    assert system_root_of(_place(folder)) == (None if root is None else _place(root))


@pytest.mark.parametrize(
    ("file", "role"),
    [
        ("winnt/system32/drivers/sfmsrv.sys", FileRole.INSTALLED),
        ("old/winnt.0/system32/drivers/sfmsrv.sys", FileRole.INSTALLED),
        ("other/system32/drivers/sfmsrv.sys", FileRole.OTHER),
        ("winnt/system32/drivers/etc/sfmsrv.sys", FileRole.OTHER),
        ("winnt/system32/sfmsrv.sys", FileRole.OTHER),
        ("winnt/$ntuninstallq242896$/sfmsrv.sys", FileRole.BACKUP),
        ("winnt/$ntservicepackuninstall$/sfmsrv.sys", FileRole.BACKUP),
        ("winnt/$ntuninstallq1$/i386/sfmsrv.sys", FileRole.BACKUP),
        ("winnt/$ntuninstallq242896/sfmsrv.sys", FileRole.OTHER),
        ("i386/sfmsrv.sys", FileRole.SOURCE),
        ("sp6a/alpha/sfmsrv.sys", FileRole.SOURCE),
        ("winnt/mips/sfmsrv.sys", FileRole.SOURCE),
        ("winnt/ppc/sfmsrv.sys", FileRole.SOURCE),
        ("sfmsrv.sys", FileRole.OTHER),
    ],
)
def test_a_copy_is_installed_backup_source_or_other(file: str, role: FileRole) -> None:
    """Only what lies in the drivers folder of a system runs; the rest is told by its folder."""
    assert role_of(_place(file), (), _ROOTS, _INSTALLED) is role


@pytest.mark.parametrize("file", ["winnt/$ntuninstallq1$/sfmsrv.sys", "i386/sfmsrv.sys"])
def test_without_a_system_every_copy_is_other(file: str) -> None:
    """Where no system stands, no folder's name makes a backup or a source of a file."""
    assert role_of(_place(file), (), (), ()) is FileRole.OTHER


def test_ways_to_files_are_the_folders_above_and_the_folder_itself() -> None:
    """From the top to the drivers folder of each root, and nothing beside or below."""
    assert ways_to(_INSTALLED) == {
        _place(way) if way else way
        for way in (
            "winnt",
            "winnt/system32",
            "winnt/system32/drivers",
            "old",
            "old/winnt.0",
            "old/winnt.0/system32",
            "old/winnt.0/system32/drivers",
        )
    } | {(), ("/",)}
    assert ways_to(()) == frozenset()
