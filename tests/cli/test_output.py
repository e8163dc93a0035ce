"""Where results go, and which files are never replaced by them."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fixtures.nt_machine import write_drivers
from ntscan.cli import app
from ntscan.cli import run as run_command_line

DRIVER = "drivers/sfmsrv.sys"


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test runs in a folder of its own, so that paths in the output are short."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def unprivileged(tmp_path: Path) -> Iterator[None]:
    """A folder with drivers to run in, as a user whom permissions hold; root is held by none."""
    write_drivers(Path(), "SP6a").rename("drivers")
    # What is imported late is imported now: such a user may not reach Python's own library.
    for words in (["check", "drivers"], ["trace", DRIVER], ["model", "demonstrate", "--svg", "a"]):
        CliRunner().invoke(app, words)
    Path("a").unlink()
    is_root = os.geteuid() == 0
    if is_root:
        for folder in (tmp_path, *tmp_path.parents[:2]):
            folder.chmod(0o755)
        os.chown(tmp_path, 65534, 65534)
        os.seteuid(65534)
    Path("locked").mkdir(mode=0)
    Path("loop").symlink_to("loop")
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


def end_of(words: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> object:
    """Run the command line as ``main`` does; give its exit code."""
    monkeypatch.setattr(sys, "argv", ["ntscan", *words])
    with pytest.raises(SystemExit) as end:
        run_command_line()
    return end.value.code


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("locked/report", "Permission denied"),
        ("n" * 300, "File name too long"),
        ("loop", "Too many levels of symbolic links"),
        ("missing/report", "No such file or directory"),
        ("file/report", "Not a directory"),
    ],
    ids=["locked", "long", "loop", "missing", "file"],
)
@pytest.mark.parametrize(
    "words",
    [
        ("check", "drivers", "-o"),
        ("trace", DRIVER, "-o"),
        ("model", "demonstrate", "-o"),
        ("model", "demonstrate", "--svg"),
        ("model", "demonstrate", "-o", "page", "--svg"),
    ],
    ids=" ".join,
)
@pytest.mark.usefixtures("unprivileged")
def test_a_place_that_cannot_be_written_is_wrong_usage(
    words: Sequence[str],
    place: str,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Also where it cannot even be looked at: a sentence, and exit code 2."""
    Path("file").write_text("")
    assert end_of([*words, place], monkeypatch) == 2
    assert capsys.readouterr().err == f"ntscan: {place}: cannot be written: {reason}\n"
    assert Path("loop").is_symlink()


@pytest.mark.parametrize(
    ("target", "code"),
    [("locked/disk.dd", 2), ("n" * 300, 2), ("loop", 3)],
    ids=["locked", "long", "loop"],
)
@pytest.mark.usefixtures("unprivileged")
def test_a_target_that_cannot_be_looked_at_is_no_error_inside_ntscan(
    target: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where an output file is there, and could be among what is scanned."""
    Path("report").write_text("old")
    assert end_of(["check", target, "-o", "report"], monkeypatch) == code
    assert (Path("report").read_text() == "old") is (code == 2)


@pytest.mark.parametrize(
    ("begins", "kind"),
    [
        (b"MZ", "a program"),
        (b"regf", "a registry hive"),
        (b"QFI\xfb", "a disk image"),
        (b"reg", None),
        (b"<svg", None),
        (b"", None),
    ],
    ids=ascii,
)
@pytest.mark.parametrize(
    "words",
    [
        ("check", "empty", "-o"),
        ("trace", DRIVER, "-o"),
        ("model", "demonstrate", "-o"),
        ("model", "demonstrate", "--svg"),
        ("model", "explore", "--workers", "1", "--states", "5", "-o"),
        ("model", "simulate", "--runs", "1", "--pattern", "none", "-o"),
        ("model", "simulate", "--runs", "1", "--pattern", "none", "--svg"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("name", ["file", "link"])
def test_an_output_never_replaces_what_could_be_evidence(
    name: str,
    words: Sequence[str],
    begins: bytes,
    kind: str | None,
) -> None:
    """A driver, a hive or an image stays what it is, also where it is none of what is scanned."""
    write_drivers(Path(), "Q242896").rename("drivers")
    Path("empty").mkdir()
    Path("link").symlink_to("file")
    before = begins.ljust(600 if begins else 0, b"\0")
    Path("file").write_bytes(before)
    result = CliRunner().invoke(app, [*words, name])
    assert (Path("file").read_bytes() == before) is (kind is not None)
    if kind is not None:
        assert str(result.exception).startswith(f"{name}: is {kind}")
