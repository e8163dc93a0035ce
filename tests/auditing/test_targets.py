"""What an audit scans: disk images, NT trees and driver files, each once."""

import os
from pathlib import Path

import pytest

from ntscan.auditing.targets import Plan, find_targets
from ntscan.sources.image_files import SMALLEST_DISK

#: A master boot record with one partition of NTFS.
MBR = bytes(446) + b"\x80\x01\x01\x00\x07" + bytes(59) + b"\x55\xaa"
RAW = MBR + bytes(SMALLEST_DISK)
QCOW2 = b"QFI\xfb" + bytes(600)


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test makes a small estate in a folder of its own."""
    monkeypatch.chdir(tmp_path)


def make(*names: str) -> None:
    """Make folders (``a/``) and files: what a name ends in says what is in one."""
    for name in names:
        if name.endswith("/"):
            Path(name).mkdir(parents=True)
            continue
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        is_raw = name.endswith((".raw-content", ".img", ".001", ".aa"))
        content = RAW if is_raw else QCOW2 if name.endswith(".qcow2-content") else b"text"
        Path(name).write_bytes(content)


def find(*paths: str) -> Plan:
    """Find the targets below the paths, with a rule about sfmsrv.sys."""
    return find_targets(paths, ["sfmsrv.sys"])


def found(*paths: str) -> list[str]:
    """Return the targets as ``kind path``."""
    return [f"{target.kind} {target.path}" for target in find(*paths).targets]


@pytest.mark.parametrize(
    ("estate", "targets"),
    [
        (["e/p1/WINNT/system32/", "e/p2/winnt/SYSTEM32/"], ["directory e/p1", "directory e/p2"]),
        (["e/p1/system32/", "e/p2/System32/"], ["directory e/p1", "directory e/p2"]),
        (["e/WINNT/system32/", "e/WINNT.1/system32/"], ["directory e"]),
        (["e/boot.ini", "e/NT/system32/", "e/NT2/system32/"], ["directory e"]),
        (["e/WTSRV/system32/"], ["directory e"]),
        (["e/p1/NT/system32/", "e/p1/readme.txt"], ["directory e/p1/NT"]),
        (["e/windows/readme.txt"], ["directory e"]),
        (["e/system32/", "e/a.img"], ["directory e", "disk_image e/a.img"]),
        (["e/system32/b.img", "e/p/a.img"], ["directory e"]),
        (["e/WINNT/system32/", "e/p/q/a.img"], ["directory e", "disk_image e/p/q/a.img"]),
        (["e/WINNT/system32/", "e/WINNT/a.img"], ["directory e", "disk_image e/WINNT/a.img"]),
        (["e/WINNT/system32/", "e/p/WINNT/system32/"], ["directory e"]),
        (["e/WINNT/system32/", "e/p/sfmsrv.sys", "e/p/q.txt"], ["directory e"]),
        (["e/boot.ini", "e/WINNT/system32/", "e/p/a.img"], ["directory e"]),
        (["e/WINNT/system32/", "e/a.img"], ["directory e", "disk_image e/a.img"]),
        (["e/a.raw-content", "e/b/c.qcow2-content"], None),
        (["e/a.vmdk", "e/a-s001.vmdk", "e/a-flat.vmdk"], ["disk_image e/a.vmdk"]),
        (["e/a.001", "e/a.002", "e/a.003"], ["disk_image e/a.001"]),
        (["e/a.aa", "e/a.ab"], ["disk_image e/a.aa"]),
        (["e/p1/sfmsrv.sys", "e/p2/SFMSRV.SYS", "e/p2/ntfs.sys"], None),
        (["e/p1/readme.txt"], ["directory e"]),
        (["e/p1/", "e/p2/"], ["directory e"]),
    ],
)
def test_what_a_folder_holds(estate: list[str], targets: list[str] | None) -> None:
    """A folder is searched for NT trees, images and driver files; without any it is scanned."""
    make(*estate)
    if targets is None:
        kind = "file" if any("sfmsrv" in name.lower() for name in estate) else "disk_image"
        targets = [f"{kind} {name}" for name in estate if "ntfs" not in name]
    assert found("e") == targets


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("e/a.txt", "file e/a.txt"),
        ("e/a.raw-content", "disk_image e/a.raw-content"),
        ("e/a.002", "disk_image e/a.001"),
        ("e/WINNT", "directory e/WINNT"),
        ("e/WINNT/system32", "directory e/WINNT/system32"),
        ("e/WINNT/system32/drivers", "directory e/WINNT/system32/drivers"),
        ("e/missing", "file e/missing"),
        ("e/a\0b", "file e/a\0b"),
        ("", "file "),
    ],
)
def test_a_path_that_the_user_names_is_always_a_target(path: str, target: str) -> None:
    """It is scanned whatever it is, so that its line says what is wrong with it."""
    make("e/a.txt", "e/a.raw-content", "e/a.001", "e/a.002", "e/WINNT/system32/drivers/")
    assert found(path) == [target]


def test_what_is_no_target_is_left_out_and_counted() -> None:
    """Other files, links and pipes below a folder are counted; a tree's own files are not."""
    make("e/p/WINNT/system32/ntoskrnl.exe", "e/p/autoexec.bat", "e/notes.txt", "e/x/list.csv")
    os.mkfifo("e/pipe")
    Path("e/link.img").symlink_to("notes.txt")
    plan = find("e")
    assert [target.path for target in plan.targets] == ["e/p"]
    assert (plan.left_out, plan.links) == (3, 1)


def test_each_target_is_found_once() -> None:
    """However a path is spelled, and whichever part of a split image is named."""
    make("e/p/system32/", "e/a.001", "e/a.002")
    expected = ["disk_image e/a.001", "directory e/p"]
    assert found("e", "./e/p", "e/../e", f"{Path.cwd()}/e/a.002", "e/a.001") == expected


def test_a_folder_that_holds_only_known_targets_is_not_one_itself() -> None:
    """A second look at the same folder adds nothing."""
    make("e/p/system32/")
    assert found("e", "e") == ["directory e/p"]


def test_names_that_read_the_same_fail_together() -> None:
    """A line names its target as it is shown; two that look alike cannot both have one."""
    make("e/a\x1b/system32/", "e/a\\x1b/system32/", "e/b/system32/")
    plan = find("e")
    assert [target.path for target in plan.targets] == ["e/b"]
    (place,) = plan.unreachable
    assert "reads the same" in place.reason


def test_a_folder_that_cannot_be_listed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be listed could hold targets, and is a failed one itself, with the reason."""
    make("e/locked/", "e/p/system32/")
    scandir = os.scandir

    def refuse(folder: str) -> object:
        if folder == "e/locked":
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    plan = find("e")
    assert [target.path for target in plan.targets] == ["e/p"]
    (place,) = plan.unreachable
    assert (place.target.path, place.target.kind) == ("e/locked", "directory")
    assert "cannot be listed: Permission denied" in place.reason


def test_the_order_is_repeatable() -> None:
    """Targets come by name, folder by folder, whatever order the disk has them in."""
    names = [f"e/p{number}/system32/" for number in (3, 10, 1, 2)]
    make(*names)
    assert found("e") == [f"directory {name[:-10]}" for name in sorted(names)]
