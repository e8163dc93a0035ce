"""The README is held to what the program does."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fixtures.disk.nt_disk import STOCK_SP6A, ntfs_disk
from fixtures.nt_machine import write_drivers
from ntscan.cli import app
from ntscan.vocabulary import ExitCode

PROJECT = Path(__file__).parents[1]
README = (PROJECT / "README.md").read_text("utf-8")
COMMANDS = re.findall(r"^\$ ntscan (.+)$", README, re.MULTILINE)
UNFIXED = PROJECT / "tests/machinecode/images/article-i386-O2.sys"
MAKE_TARGETS = re.findall(r"^make (\w+)", README, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_of_the_readme_runs(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine with the driver, each command ends in a verdict, and not in wrong usage."""
    drivers = write_drivers(tmp_path, "SP6a")
    (drivers / "sfmsrv.sys").rename(tmp_path / "sfmsrv.sys")
    write_drivers(tmp_path, "SP6a")
    (tmp_path / "evidence").mkdir()
    for image in ("plant07.vmdk", "evidence/plant08.dd"):
        (tmp_path / image).write_bytes(ntfs_disk(STOCK_SP6A))
    (tmp_path / "private-build").mkdir()
    shutil.copy(UNFIXED, tmp_path / "private-build/sfmsrv.sys")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, shlex.split(command, comments=True))
    affected = command.startswith(("check", "audit", "trace"))
    expected = ExitCode.AFFECTED if affected else ExitCode.NOTHING_AFFECTED
    assert result.exit_code == expected, result.output


def test_the_trace_of_the_readme_is_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page in the README is that of the command, but for the time that it took."""
    (tmp_path / "private-build").mkdir()
    shutil.copy(UNFIXED, tmp_path / "private-build/sfmsrv.sys")
    monkeypatch.chdir(tmp_path)
    page = CliRunner().invoke(app, ["trace", "private-build/sfmsrv.sys"]).stdout
    assert without_time(page) in without_time(README)


def without_time(text: str) -> str:
    """The text without how many seconds a run took."""
    return re.sub(r"instructions in [\d.]+ s", "", text)


def test_the_readme_begins_with_its_two_commands() -> None:
    """``make demo`` and ``make test`` come first, and the Makefile has both."""
    assert MAKE_TARGETS[:2] == ["demo", "test"]
    makefile = (PROJECT / "Makefile").read_text("utf-8")
    assert all(f"\n{target}:" in makefile for target in MAKE_TARGETS)


def test_the_readme_names_every_exit_code() -> None:
    """The table of exit codes has each code once."""
    rows = re.findall(r"^\| (\d) \|", README, re.MULTILINE)
    assert [int(row) for row in rows] == [int(code) for code in ExitCode]


def test_the_readme_links_to_what_is_there() -> None:
    """Each relative link and picture leads to a file of the project."""
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (PROJECT / link).exists()] == []
