"""``ntscan check`` with the files' own machine code: what it settles, and what it only shows."""

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from typer.testing import CliRunner

from fixtures.drivers.as_build import as_build
from fixtures.nt_system_hives import NTControlSet, nt_system, software_tree, system_tree
from fixtures.registry_hive import build_hive
from fixtures.sfmsrv import published_build
from ntscan.cli import app
from ntscan.vocabulary import ServicePack

IMAGES: Final = Path(__file__).parents[1] / "machinecode" / "images"
UNFIXED: Final = "article-i386-O2.sys"
FIXED: Final = "completion_frees-i386-O2.sys"


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test runs in a folder of its own, so that paths in the output are short."""
    monkeypatch.chdir(tmp_path)


def place(code: str, build: str) -> None:
    """Install compiled code, dressed as a published build, on a server at Service Pack 5."""
    drivers = Path("WINNT/system32/drivers")
    drivers.mkdir(parents=True)
    driver = drivers / "sfmsrv.sys"
    driver.write_bytes(as_build((IMAGES / code).read_bytes(), published_build(build)))
    os.utime(driver, (0, 0))
    config = Path("WINNT/system32/config")
    config.mkdir()
    system = nt_system(ServicePack.SP5, NTControlSet())
    (config / "system").write_bytes(build_hive(system_tree(system)))
    (config / "software").write_bytes(build_hive(software_tree(system)))


def check(*words: str) -> tuple[dict[str, Any], int]:
    """The one finding that is reported, and the exit code."""
    result = CliRunner().invoke(app, ["check", "WINNT", "--format", "json", *words])
    (finding,) = json.loads(result.stdout)["targets"][0]["findings"]
    return finding, result.exit_code


def bases(finding: dict[str, Any]) -> list[str]:
    """What the demonstrations of a finding rest on."""
    return [shown["basis"] for shown in finding["demonstrations"]]


CASES: Final = [
    # code, build, options, status, exit code, demonstrations, contradiction
    (UNFIXED, "Q241024", (), "affected", 1, ["machine_code"], False),
    (FIXED, "Q241024", (), "fixed", 0, ["machine_code"], False),
    (FIXED, "Q241024", ("--no-machine-code",), "undetermined", 3, [], False),
    (UNFIXED, "Q241024", ("--machine-code",), "affected", 1, ["machine_code"], False),
    (UNFIXED, "SP5", (), "affected", 1, ["driver_model"], False),
    (UNFIXED, "SP5", ("--machine-code",), "affected", 1, ["driver_model", "machine_code"], False),
    (FIXED, "SP5", ("--machine-code",), "affected", 1, ["driver_model", "machine_code"], True),
    (FIXED, "SP5", ("--machine-code", "--no-model"), "affected", 1, ["machine_code"], True),
    (FIXED, "Q242896", (), "fixed", 0, ["driver_model"], False),
    (UNFIXED, "Q242896", ("--machine-code",), "fixed", 0, ["driver_model", "machine_code"], True),
    (UNFIXED, "Q242896", ("--no-machine-code",), "fixed", 0, ["driver_model"], False),
]


@pytest.mark.parametrize(
    ("code", "build", "options", "status", "exit_code", "shown", "contradicts"), CASES
)
def test_what_the_code_does_to_a_verdict(  # noqa: PLR0913, PLR0917  the columns of a table
    code: str,
    build: str,
    options: tuple[str, ...],
    status: str,
    exit_code: int,
    shown: list[str],
    contradicts: bool,
) -> None:
    """It settles the neighbour unasked; of a recognised build it is asked for and only shown."""
    place(code, build)
    finding, code_of_exit = check(*options)
    assert (finding["status"], code_of_exit) == (status, exit_code)
    assert bases(finding) == shown
    assert ("machine_code_contradicts_build" in finding["anomalies"]) is contradicts


def test_code_that_cannot_be_run_is_said_and_settles_nothing() -> None:
    """An image that is larger in memory than NT would load leaves the file undetermined."""
    place(FIXED, "Q241024")
    driver = Path("WINNT/system32/drivers/sfmsrv.sys")
    image = bytearray(driver.read_bytes())
    size_of_image = struct.unpack_from("<I", image, 0x3C)[0] + 24 + 56
    struct.pack_into("<I", image, size_of_image, 1 << 30)
    driver.write_bytes(as_build(bytes(image), published_build("Q241024")))
    finding, exit_code = check()
    assert (finding["status"], exit_code) == ("undetermined", 3)
    assert "Its code was not run" in finding["reason"]


def test_the_entry_holds_what_trace_says() -> None:
    """Grade, addresses and witness stand in the demonstration, as ntscan trace gives them."""
    place(UNFIXED, "Q241024")
    finding, _ = check()
    (shown,) = finding["demonstrations"]
    driver = "WINNT/system32/drivers/sfmsrv.sys"
    traced = json.loads(CliRunner().invoke(app, ["trace", driver, "--format", "json"]).stdout)
    code = shown["machine_code"]
    assert code == {key: traced[key] for key in code}
    assert (shown["double_free"], shown["frees"], shown["behaviour"]) == (True, 3, None)


def test_copies_that_decide_nothing_are_run_only_when_asked() -> None:
    """An undetermined copy in an uninstall folder costs no run of its own."""
    place(FIXED, "SP5")
    backup = Path("WINNT/$NtUninstallQ241024$/sfmsrv.sys")
    backup.parent.mkdir()
    backup.write_bytes(as_build((IMAGES / UNFIXED).read_bytes(), published_build("Q241024")))
    for options, run in (((), 0), (("--machine-code",), 2)):
        words = ["check", "WINNT", "--format", "json", *options]
        findings = json.loads(CliRunner().invoke(app, words).stdout)["targets"][0]["findings"]
        assert sum(bases(finding).count("machine_code") for finding in findings) == run


def test_the_table_names_the_code_beside_the_build(
    match_snapshot: Callable[[str, str], None],
) -> None:
    """A neighbour that its own code settles, as a person reads it, with every address."""
    place(UNFIXED, "Q241024")
    result = CliRunner().invoke(app, ["check", "WINNT", "--explain"])
    match_snapshot(result.stdout, "check-machine-code.txt")
