"""``ntscan trace`` as a user runs it: what is printed, where, and with which exit code."""

import json
import re
import shutil
from collections.abc import Callable
from importlib.metadata import files
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from fixtures.disk.nt_disk import STOCK_SP6A, ntfs_disk
from fixtures.pe_image import build_pe_image
from fixtures.sfmsrv import published_build
from ntscan.cli import app
from ntscan.errors import UsageError
from ntscan.sources.source import LARGEST_DRIVER

IMAGES = Path(__file__).parents[1] / "machinecode" / "images"


@pytest.fixture(autouse=True)
def in_a_folder_with_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test runs in a folder of its own, so that paths in the output are short."""
    shutil.copy(IMAGES / "article-i386-O2.sys", tmp_path / "unfixed.sys")
    shutil.copy(IMAGES / "completion_frees-i386-O2.sys", tmp_path / "fixed.sys")
    (tmp_path / "notes.sys").write_text("not an image")
    monkeypatch.chdir(tmp_path)


def run(*words: str) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(app, ["trace", *words])


def windivert() -> str:
    """Where the package pydivert keeps a real driver that allocates no IRP."""
    (path,) = (file.locate() for file in files("pydivert") or () if file.name == "WinDivert32.sys")
    return str(path)


@pytest.mark.parametrize("name", ["unfixed", "fixed"])
def test_the_page_tells_the_life_of_each_irp(
    name: str, match_snapshot: Callable[[str, str], None]
) -> None:
    """Grade, hash, addresses, witness, completion modes and what was not modelled."""
    text = run(f"{name}.sys").stdout
    text = re.sub(r"instructions in [\d.]+ s", "instructions in N s", text)
    match_snapshot(text, f"trace-{name}.txt")


def test_the_json_says_what_the_page_says() -> None:
    """The article's shape, with an address for each of three frees, in every completion mode."""
    result = run("unfixed.sys", "--format", "json")
    document = json.loads(result.stdout)
    assert (document["file"], document["machine"]) == ("unfixed.sys", "i386")
    assert document["grade"] == "observed"
    assert {irp["mode"] for irp in document["irps"]} == {
        "success",
        "error",
        "pending_completed",
        "pending_at_wait",
        "pending_completed_error",
        "pending_at_wait_error",
    }
    for irp in document["irps"]:
        assert (irp["major"], irp["minor"], irp["frees"]) == (0x11, 2, 3)
        assert [site["by"] for site in irp["free_sites"]] == ["completion", "completion", "caller"]
        assert len({site["rva"] for site in irp["free_sites"]}) == 3


@pytest.mark.parametrize(("name", "code"), [("unfixed.sys", 1), ("fixed.sys", 0)])
def test_the_exit_code_tells_the_grade(name: str, code: int) -> None:
    """1 for observed, 0 for clean."""
    assert run(name).exit_code == code


def test_what_is_no_image_was_not_traced() -> None:
    """Exit code 3, and a sentence with the path on standard error; nothing on standard output."""
    result = run("notes.sys")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith("ntscan: notes.sys: ")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("absent.sys", "absent.sys: no such file or folder"),
        (".", ".: is a folder; name one driver in it"),
        ("plant.dd", "plant.dd: is read as a disk image; `ntscan check --machine-code`"),
        ("large.sys", "large.sys: is read as a disk image; `ntscan check --machine-code`"),
    ],
)
def test_what_is_no_file_is_wrong_usage(name: str, said: str) -> None:
    """A path that names nothing, a folder or an image is an error that says what to do."""
    Path("plant.dd").write_bytes(ntfs_disk(STOCK_SP6A))
    with Path("large.sys").open("wb") as large:
        large.truncate(LARGEST_DRIVER + 1)
    error = run(name).exception
    assert isinstance(error, UsageError)
    assert str(error).startswith(said)


def test_what_to_do_with_an_image_works() -> None:
    """The command that the refusal names traces the driver in the image."""
    Path("plant.dd").write_bytes(ntfs_disk(STOCK_SP6A))
    words = ["check", "plant.dd", "--machine-code", "--format", "json"]
    (target,) = json.loads(CliRunner().invoke(app, words).stdout)["targets"]
    (found,) = target["findings"]
    assert "machine_code" in [shown["basis"] for shown in found["demonstrations"]]


def test_a_driver_without_irps_proves_nothing() -> None:
    """A real driver that allocates no IRP is inconclusive: neither 0 nor 1."""
    result = run(windivert())
    assert result.exit_code == 3
    assert "INCONCLUSIVE" in result.stdout


def test_a_stock_build_made_of_headers_proves_nothing() -> None:
    """An image that has the imports and no code behind them is inconclusive."""
    Path("sfmsrv.sys").write_bytes(build_pe_image(published_build("SP6a").recipe))
    assert run("sfmsrv.sys").exit_code == 3


def test_output_goes_to_a_file_and_never_onto_what_is_traced() -> None:
    """-o writes the report; the traced file itself is refused, and stays as it was."""
    before = Path("unfixed.sys").read_bytes()
    assert run("unfixed.sys", "-o", "page.txt").exit_code == 1
    assert Path("page.txt").read_text().startswith(" OBSERVED  unfixed.sys")
    assert isinstance(run("unfixed.sys", "-o", "unfixed.sys").exception, UsageError)
    assert Path("unfixed.sys").read_bytes() == before
