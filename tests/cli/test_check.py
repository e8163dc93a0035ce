"""``ntscan check`` as a user runs it: what is printed, where, and with which exit code."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner, Result

import ntscan
from fixtures.containers import vmdk_descriptor
from fixtures.disk.disk_file import DiskFile
from fixtures.disk.nt_disk import STOCK_SP6A, WITH_THE_FIX, machine_files, ntfs_partition
from fixtures.disk.partitions import PartitionRecipe, build_disk
from fixtures.nt_machine import NTMachine, write_drivers, write_machine
from fixtures.pe_image import ChecksumKind, PERecipe, VersionResource, build_pe_image
from fixtures.sfmsrv import published_build
from ntscan.cli import app

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test runs in a folder of its own, so that paths in the output are short."""
    monkeypatch.chdir(tmp_path)


def run(*words: str) -> Result:
    """Run the command line in this process."""
    return RUNNER.invoke(app, list(words))


def run_whole(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a process of its own, where ``main`` catches what is uncaught."""
    return subprocess.run(
        [sys.executable, "-m", "ntscan", *words], capture_output=True, text=True, check=False
    )


def report(*words: str) -> Any:  # noqa: ANN401  JSON is whatever the report says
    """Run a check and return its JSON report."""
    return json.loads(run("check", *words, "--format", "json").stdout)


def finding(*words: str) -> Any:  # noqa: ANN401  JSON is whatever the report says
    """Run a check and return the one finding of its one target."""
    (target,) = report(*words)["targets"]
    (found,) = target["findings"]
    return found


def machine(build: str, root: str = ".") -> str:
    """Write the drivers folder of a machine with one build of sfmsrv.sys."""
    return str(write_drivers(Path(root), build))


@pytest.mark.parametrize(("build", "code"), [("SP6a", 1), ("Q242896", 0), ("Q241024", 3)], ids=str)
def test_the_table_of_a_machine(
    build: str, code: int, match_snapshot: Callable[[str, str], None]
) -> None:
    """The drivers folder of a machine gives a verdict with its reasons and demonstration."""
    result = run("check", machine(build))
    assert result.exit_code == code
    match_snapshot(result.stdout, f"check-{build}.txt")


def test_the_table_with_every_explanation(match_snapshot: Callable[[str, str], None]) -> None:
    """--explain says why each criterion is asked and shows each step of the model."""
    match_snapshot(run("check", machine("SP6a"), "--explain").stdout, "check-SP6a-explain.txt")


def test_the_json_of_a_machine(match_snapshot: Callable[[str, str], None]) -> None:
    """The JSON report of a machine is repeatable but for its run."""
    text = run("check", machine("SP6a"), "--format", "json", "--no-model").stdout
    settled = re.sub(
        r'"(started_at|finished_at|host|folder|version|digest)": ".*"', r'"\1": "..."', text
    )
    match_snapshot(settled, "check-SP6a.json")


@pytest.mark.parametrize("build", ["SP6a", "Q242896", "Q241024", "RTM"])
@pytest.mark.parametrize("shape", ["folder", "file", "root", "absent", "empty"])
def test_every_report_keeps_to_the_schema(build: str, shape: str) -> None:
    """What check prints validates against what schema prints."""
    drivers = Path(machine(build))
    if shape == "absent":
        (drivers / "sfmsrv.sys").unlink()
    if shape == "empty":
        (drivers / "sfmsrv.sys").write_bytes(b"")
    path = {"file": drivers / "sfmsrv.sys", "root": Path()}.get(shape, drivers)
    schema = json.loads(run("schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(report(str(path)))


MIRROR_HALF = ntfs_partition(machine_files(STOCK_SP6A), type_code=0x87)
IMAGES = {
    "one system": [ntfs_partition(machine_files(STOCK_SP6A), is_active=True)],
    "halves that agree": [MIRROR_HALF, MIRROR_HALF],
    "halves that differ": [
        MIRROR_HALF,
        ntfs_partition(machine_files(WITH_THE_FIX), type_code=0x87),
    ],
    "a stripe set's member": [PartitionRecipe(content=bytes(1 << 20), type_code=0x87)],
    "nothing": [],
}


@pytest.mark.parametrize("options", [[], ["--hash-images", "--thorough"]], ids=" ".join)
@pytest.mark.parametrize("name", IMAGES)
def test_every_report_of_an_image_keeps_to_the_schema(name: str, options: list[str]) -> None:
    """Also where the table is lost, and where the container is refused."""
    disk = build_disk(IMAGES[name], tail=1 << 18).data
    Path("disk.dd").write_bytes(disk)
    Path("lost.dd").write_bytes(bytes(512) + disk[512:])
    Path("refused.qcow2").write_bytes(b"QFI\xfb".ljust(1024, b"\xff"))
    schema = json.loads(run("schema").stdout)
    made = report("disk.dd", "lost.dd", "refused.qcow2", *options)
    jsonschema.Draft202012Validator(schema).validate(made)
    assert {target["kind"] for target in made["targets"]} == {"disk_image"}


@pytest.mark.parametrize(
    ("build", "status", "double_free", "frees"),
    [("SP6a", "affected", True, 3), ("Q242896", "fixed", False, 1)],
)
def test_the_demonstration_stands_in_the_finding(
    build: str, status: str, double_free: bool, frees: int
) -> None:
    """The driver model ran, and its counts and trace are in the report."""
    found = finding(machine(build))
    (demonstration,) = found["demonstrations"]
    assert found["status"] == status
    assert (demonstration["frees"], demonstration["double_free"]) == (frees, double_free)
    assert (demonstration["stop_code"] is not None) is double_free
    assert demonstration["trace"]
    assert demonstration["assumptions"]


def test_an_unrecognised_build_is_not_demonstrated_and_both_are_offered() -> None:
    """Where no build was recognised the report says so, and how to see both behaviours."""
    found = finding(machine("Q241024"))
    assert [shown["basis"] for shown in found["demonstrations"]] == ["machine_code"]
    assert "ntscan model" in found["demonstrations_note"]
    assert "no build was recognised" in run("check", machine("Q241024")).stdout


def test_no_model_leaves_the_model_out() -> None:
    """--no-model is obeyed and said."""
    found = finding(machine("SP6a"), "--no-model")
    assert (found["status"], found["demonstrations"]) == ("affected", [])
    assert "--no-model" in found["demonstrations_note"]


def newer_driver() -> str:
    """Write a driver linked between the fix and the release of SP6a."""
    linked = datetime(1999, 10, 20, 12, tzinfo=UTC)
    Path("sfmsrv.sys").write_bytes(build_pe_image(PERecipe(time_date_stamp=linked, size=134_480)))
    return "sfmsrv.sys"


@pytest.mark.parametrize(
    ("stated", "status"),
    [
        ([], "undetermined"),
        (["--service-pack", "SP5"], "fixed"),
        (["--service-pack", "SP6a"], "undetermined"),
        (["--product", "workstation"], "not_affected"),
        (["--product", "terminal-server"], "undetermined"),
        (["--product", "enterprise", "--service-pack", "RTM"], "fixed"),
    ],
)
def test_what_the_user_states_counts(stated: list[str], status: str) -> None:
    """--service-pack and --product are evidence, and the criteria say where it came from."""
    found = finding(newer_driver(), *stated)
    assert found["status"] == status
    explanations = {c["name"]: c["explanation"] for c in found["criteria"]}
    for option in ("product", "service_pack"):
        given = f"--{option.replace('_', '-')}" in stated
        assert ("The user states it." in explanations[option]) is given


def test_what_the_user_states_is_marked_on_the_system() -> None:
    """A system's entry names what was overridden."""
    (target,) = report(machine("SP6a"), "--service-pack", "SP6a")["targets"]
    (system,) = target["systems"]
    assert (system["service_pack"], system["overridden"]) == ("SP6a", ["service_pack"])


@pytest.mark.parametrize(
    ("fail_on", "codes"),
    [("affected", (1, 0, 3)), ("undetermined", (1, 0, 1)), ("never", (0, 0, 0))],
)
def test_fail_on_chooses_what_makes_the_exit_code_1(
    fail_on: str, codes: tuple[int, int, int]
) -> None:
    """--fail-on moves findings between the exit codes."""
    builds = ("SP6a", "Q242896", "Q241024")
    assert codes == tuple(
        run("check", machine(build, build), "--fail-on", fail_on).exit_code for build in builds
    )


def truncated() -> bytes:
    """The first half of a driver."""
    return build_pe_image(published_build("Q242896").recipe)[:67_000]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty (0 bytes)"),
        (b"not a driver", "is no program"),
        (b"MZ" + bytes(200), "is no PE image"),
        (b"MZ" + bytes(58) + (64).to_bytes(4, "little") + b"NE" + bytes(300), "is an NE file"),
        (truncated(), "is cut short"),
    ],
    ids=["empty", "text", "MZ only", "NE", "truncated"],
)
@pytest.mark.parametrize("in_folder", [True, False], ids=["in a folder", "named"])
def test_a_bad_driver_is_a_clear_error_and_undetermined(
    content: bytes, message: str, in_folder: bool
) -> None:
    """What is no PE image is an error in the report, an undetermined finding and exit code 3."""
    drivers = Path(machine("SP6a"))
    (drivers / "sfmsrv.sys").write_bytes(content)
    result = run("check", str(drivers if in_folder else drivers / "sfmsrv.sys"), "--format", "json")
    (target,) = json.loads(result.stdout)["targets"]
    (error,) = target["errors"]
    assert result.exit_code == 3
    assert target["scan_status"] == "partial"
    assert error["stage"] == "pe"
    assert message in error["message"]
    assert [found["status"] for found in target["findings"]] == ["undetermined"]
    assert target["findings"][0]["files"][0]["pe"] is None


def test_a_folder_named_as_the_driver_is_an_error_and_undetermined() -> None:
    """A directory where the driver should be is said, and nothing is claimed."""
    drivers = Path(machine("SP6a"))
    (drivers / "sfmsrv.sys").unlink()
    (drivers / "sfmsrv.sys").mkdir()
    result = run("check", str(drivers), "--format", "json")
    (target,) = json.loads(result.stdout)["targets"]
    assert result.exit_code == 3
    assert "is a folder" in target["errors"][0]["message"]
    assert [found["status"] for found in target["findings"]] == ["undetermined"]


def test_one_bad_file_does_not_stop_the_rest() -> None:
    """A damaged copy beside an affected one leaves both findings, and exit code 1."""
    Path("one").mkdir()
    Path("one/sfmsrv.sys").write_bytes(b"")
    Path("two").mkdir()
    Path("two/sfmsrv.sys").write_bytes(build_pe_image(published_build("RTM").recipe))
    result = run("check", ".", "--format", "json")
    (target,) = json.loads(result.stdout)["targets"]
    assert [found["status"] for found in target["findings"]] == ["undetermined", "affected"]
    assert result.exit_code == 1


def test_a_driver_folder_without_the_driver_is_not_affected() -> None:
    """An NT driver folder without sfmsrv.sys: the component is not there."""
    drivers = Path(machine("SP6a"))
    (drivers / "sfmsrv.sys").unlink()
    found = finding(str(drivers))
    assert (found["status"], found["justification"]) == ("not_affected", "component_not_present")
    assert run("check", str(drivers)).exit_code == 0


@pytest.mark.parametrize(
    ("name", "what_to_do"),
    [
        ("folder", "give the system root"),
        ("folder/disk.dd", "--thorough walks the whole image"),
        ("folder/other.sys", "give the system root"),
    ],
)
def test_a_target_with_nothing_recognisable_fails(name: str, what_to_do: str) -> None:
    """Where there is no NT and no driver, nothing is claimed: exit code 3, and what to do."""
    Path("folder").mkdir()
    volume = ntfs_partition([DiskFile(path="file", content=b"text")])
    Path("folder/disk.dd").write_bytes(build_disk([volume]).data)
    Path("folder/other.sys").write_bytes(build_pe_image(PERecipe(time_date_stamp=0)))
    result = run("check", name, "--format", "json")
    parsed = json.loads(result.stdout)
    (target,) = parsed["targets"]
    assert (target["scan_status"], target["findings"]) == ("failed", [])
    message = target["errors"][-1]["message"]
    assert "no Windows NT system and no file that a rule names" in message
    assert what_to_do in message
    assert (result.exit_code, parsed["summary"]["failed"]) == (3, 1)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["check", "missing"], "missing: no such file or folder"),
        (["check", "C:\\winnt\\system32\\drivers"], "there is no drive C: on this machine"),
        (["check", "-"], "-: no such file or folder; lists on standard input are for ntscan audit"),
        (["rules", "lint", "."], ".: is a folder; check the rules in one with --rules ."),
        (["check", ".", "--rule", "Q1"], "Q1: no such rule"),
        (["check", ".", "--rules", "missing"], "missing: cannot be read as a folder of rules"),
        (["check", ".", "--service-pack", "SP7"], "SP7"),
        (["check", ".", "--explain", "--format", "json"], "--explain is for --format table"),
        (["check"], "PATH"),
        (["frobnicate"], "frobnicate"),
    ],
)
def test_wrong_usage_is_said_on_standard_error_and_exits_2(words: list[str], message: str) -> None:
    """A sentence on standard error, nothing on standard output, no traceback."""
    result = run_whole(*words)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_a_folder_may_be_named_as_standard_input_is() -> None:
    """What is there is scanned, whatever its name."""
    Path(machine("SP6a")).rename("-")
    assert run("check", "-").exit_code == 1


def test_an_error_inside_ntscan_exits_4(tmp_path: Path) -> None:
    """An uncaught exception never looks like a finding."""
    program = tmp_path / "broken.py"
    program.write_text(
        "import sys, ntscan.composer\n"
        "def broken(*targets, **options): raise KeyError('broken')\n"
        "ntscan.composer.scan = broken\n"
        "sys.argv = ['ntscan', 'check', '.']\n"
        "from ntscan.__main__ import main\n"
        "main()\n"
    )
    result = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout) == (4, "")
    assert "an error inside ntscan" in result.stderr


HOSTILE_NAMES = [
    "[/oops]", "[bold red]x[/]", "\x1b[2Jgone", "line\nbreak", "\u202efdp", ":smile:", "caf\udce9"
]  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such file names")
@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=ascii)
@pytest.mark.parametrize("words", [[], ["--explain"], ["--format", "json"]], ids=str)
def test_hostile_names_are_shown_harmlessly(name: str, words: list[str]) -> None:
    """Markup is shown as it is; what could act on a terminal is shown by its number."""
    Path(name).mkdir(parents=True)
    Path(name, "sfmsrv.sys").write_bytes(build_pe_image(published_build("SP6a").recipe))
    result = run("check", name, *words)
    shown = ascii(name)[1:-1].replace("\\n", "\\x0a").replace("\\udce9", "\\xe9")
    if words == ["--format", "json"]:
        path = json.loads(result.stdout)["targets"][0]["findings"][0]["files"][0]["path"]
        assert path == str(Path(shown, "sfmsrv.sys"))
    else:
        assert str(Path(shown, "sfmsrv.sys")) in result.stdout
    assert all(line.isprintable() for line in result.stdout.split("\n"))
    assert result.exit_code == 1


def test_hostile_version_strings_are_shown_harmlessly() -> None:
    """Strings of a version resource cannot act on a terminal either."""
    version = VersionResource(
        strings=(("FileVersion", "\x1b[2J4.00"), ("OriginalFilename", "[/x]\u202e\x07"))
    )
    linked = datetime(1999, 8, 1, tzinfo=UTC)
    Path("sfmsrv.sys").write_bytes(
        build_pe_image(PERecipe(time_date_stamp=linked, version=version))
    )
    for words in ([], ["--explain"], ["--format", "json"]):
        result = run("check", "sfmsrv.sys", *words)
        assert "u202e" in result.stdout
        assert all(line.isprintable() for line in result.stdout.split("\n"))


@pytest.mark.parametrize("words", [[], ["--format", "json"]], ids=str)
def test_output_goes_to_a_file_whole_or_not_at_all(words: list[str]) -> None:
    """-o writes the report that would be printed; where it cannot, the old file stays."""
    drivers = machine("SP6a")
    printed = run("check", drivers, *words).stdout
    Path("report").write_text("old")
    result = run("check", drivers, *words, "-o", "report")
    assert (result.exit_code, result.stdout) == (1, "")
    same = [re.sub(r'_at": ".*"', "", text) for text in (Path("report").read_text(), printed)]
    assert same[0] == same[1]
    assert [entry.name for entry in Path().iterdir() if entry.name.startswith(".")] == []
    refused = run_whole("check", drivers, *words, "-o", "missing/report")
    assert refused.returncode == 2
    assert "cannot be written" in refused.stderr


@pytest.mark.parametrize("variables", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_a_pipe_gets_no_colours(variables: dict[str, str]) -> None:
    """Without a terminal no escape sequence is written, whatever the environment says."""
    result = subprocess.run(
        [sys.executable, "-m", "ntscan", "check", machine("SP6a")],
        capture_output=True,
        check=False,
        env={**os.environ, **variables},
    )
    assert b"\x1b" not in result.stdout
    assert b"AFFECTED" in result.stdout


def test_two_runs_differ_in_nothing_but_the_run() -> None:
    """The report of the same input is the same."""
    drivers = machine("SP6a")
    first, second = report(drivers), report(drivers)
    first.pop("run")
    second.pop("run")
    assert first == second


def test_a_damaged_checksum_is_undetermined() -> None:
    """A driver that NT would refuse to load is neither affected nor fixed."""
    recipe = replace(published_build("Q242896").recipe, checksum=ChecksumKind.WRONG)
    Path("sfmsrv.sys").write_bytes(build_pe_image(recipe))
    found = finding("sfmsrv.sys")
    assert (found["status"], found["anomalies"]) == ("undetermined", ["checksum_mismatch"])


def test_many_findings_are_a_row_each() -> None:
    """From six findings on, the table has a row for each, with its reason."""
    for number in range(6):
        Path(f"{number}").mkdir()
        Path(f"{number}/sfmsrv.sys").write_bytes(build_pe_image(published_build("RTM").recipe))
    result = run("check", ".")
    assert result.stdout.count("AFFECTED") == 6
    assert "What to do" not in result.stdout
    assert "1 target: 6 affected" in result.stdout


def test_the_version_is_printed() -> None:
    """--version names the program and its version."""
    assert run("--version").stdout == f"ntscan {ntscan.__version__}\n"


def test_the_python_interface_scans_as_the_command_does() -> None:
    """``ntscan.scan`` returns the report that ``ntscan check`` prints."""
    found = ntscan.scan(machine("SP6a"))
    assert isinstance(found, ntscan.Report)
    assert found.summary.affected == 1


@pytest.mark.parametrize(("build", "code"), [("SP6a", 1), ("Q242896", 0), ("Q241024", 3)])
def test_a_reader_that_goes_away_changes_no_exit_code(build: str, code: int) -> None:
    """Whoever reads the report may stop reading: the exit code still says what was found."""
    drivers = machine(build)
    command = [sys.executable, "-m", "ntscan", "check", drivers, "--format", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == code


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this machine")
@pytest.mark.parametrize("words", [[], ["--format", "json"]], ids=str)
def test_an_output_that_cannot_be_written_is_no_internal_error(words: list[str]) -> None:
    """A full disk, or a closed standard output, is said in a sentence: exit code 2."""
    command = [sys.executable, "-m", "ntscan", "check", machine("SP6a"), *words]
    with Path("/dev/full").open("wb") as full:
        result = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (result.returncode, "Traceback" in result.stderr) == (2, False)
    assert "cannot be written" in result.stderr
    closed = subprocess.run(
        ["/bin/sh", "-c", f"{shlex.join(command)} >&-"], capture_output=True, text=True, check=False
    )
    assert (closed.returncode, "is closed" in closed.stderr) == (2, True)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no FIFO")
def test_an_output_never_replaces_what_is_no_file() -> None:
    """A pipe or a device named with -o stays what it is."""
    os.mkfifo("pipe")
    result = run_whole("check", machine("SP6a"), "-o", "pipe")
    assert (result.returncode, Path("pipe").is_fifo()) == (2, True)
    assert "is no regular file" in result.stderr


def test_an_output_never_replaces_what_is_scanned() -> None:
    """Evidence is not overwritten by the report about it; a new file beside it is."""
    driver = Path(machine("SP6a")) / "sfmsrv.sys"
    before = driver.read_bytes()
    for target in (driver, driver.parent):
        result = run_whole("check", str(target), "-o", str(driver))
        assert (result.returncode, "is among what is scanned" in result.stderr) == (2, True)
    assert driver.read_bytes() == before
    assert run_whole("check", str(driver), "-o", str(driver.parent / "new")).returncode == 1


@pytest.mark.parametrize("name", ["disk.002", "extent"])
def test_an_output_never_replaces_a_part_of_an_image(name: str) -> None:
    """A part is none of the targets, and belongs to one; a descriptor names it as it likes."""
    disk = build_disk(IMAGES["one system"]).data
    half = len(disk) // 1024 * 512
    disk[half : half + 2] = b"MZ"
    Path("disk.001").write_bytes(disk[:half])
    Path("disk.002").write_bytes(disk[half:])
    Path("extent").write_bytes(disk[half:])
    extents = [f'RW {half // 512} FLAT "disk.001" 0', f'RW {half // 512} FLAT "extent" 0']
    Path("disk.vmdk").write_bytes(vmdk_descriptor(*extents))
    image = "disk.001" if name == "disk.002" else "disk.vmdk"
    result = run_whole("check", image, "-o", name)
    assert (result.returncode, "never changed" in result.stderr) == (2, True)
    assert Path(name).read_bytes() == disk[half:]


def test_an_output_that_is_a_link_stays_one() -> None:
    """The report is written to the file that a link leads to."""
    Path("report").write_text("old")
    Path("link").symlink_to("report")
    run_whole("check", machine("SP6a"), "-o", "link")
    assert Path("link").is_symlink()
    assert "AFFECTED" in Path("report").read_text()


def test_messages_on_standard_error_are_harmless() -> None:
    """What was given on the command line, or stands in a rule, cannot act on a terminal."""
    result = run_whole("check", "\x1b[2J\u202egone\nntscan: all is well")
    assert result.stderr.count("\n") == 1
    assert "\\x1b[2J\\u202egone\\x0antscan" in result.stderr


def test_many_copies_leave_the_deciding_finding_whole() -> None:
    """Copies that decide nothing are a line each, however many, and hide no verdict."""
    volume = Path("volume")
    copies = [(f"WINNT/$NtUninstallQ{n}$/sfmsrv.sys", published_build("RTM")) for n in range(8)]
    write_machine(
        volume,
        NTMachine(installed=published_build("Q242896"), system=None, copies=tuple(copies)),
    )
    result = run("check", str(volume))
    assert (result.stdout.count(" AFFECTED "), result.stdout.count(" FIXED ")) == (0, 1)
    assert result.stdout.count("(backup): affected") == 8
    assert "What to do" in result.stdout
