"""``ntscan audit`` as a user runs it: lines, exit codes, and going on after an interruption."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner, Result

import ntscan
from fixtures.nt_estate import write_estate, write_image_estate
from fixtures.nt_machine import write_drivers
from ntscan.cli import app
from ntscan.cli import run as run_command_line
from ntscan.cli.options import show_size
from ntscan.cli.resume import with_resumed_file
from ntscan.errors import UsageError

RUNNER = CliRunner()
PROJECT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test runs in a folder of its own, so that paths in the output are short."""
    monkeypatch.chdir(tmp_path)


def estate(count: int) -> list[str]:
    """Write so many machines below a folder; return their paths by name."""
    return [str(volume) for volume in write_estate(Path("estate"), count)]


def run(*words: str, stdin: str | None = None) -> Result:
    """Run the command line in this process."""
    return RUNNER.invoke(app, ["audit", *words], input=stdin)


def start(*words: str) -> subprocess.Popen[bytes]:
    """Start the command line as a process of its own."""
    command = [sys.executable, "-m", "ntscan", "audit", *words]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )


def findings(text: str) -> list[Any]:
    """Return the lines without what differs between two runs, in the order of their targets."""
    lines = [json.loads(line) for line in text.splitlines()]
    return sorted(({**line, "run": None} for line in lines), key=lambda line: str(line["target"]))


def statuses(text: str) -> dict[str, str]:
    """Return each target's status by its path: of its finding, or of its scan where it has none."""
    lines = [json.loads(line) for line in text.splitlines()]
    return {
        line["target"]: (line["findings"] or [{"status": line["scan_status"]}])[0]["status"]
        for line in lines
    }


def test_each_target_gets_a_line() -> None:
    """An estate of three machines gives three lines, a summary and the exit code of the worst."""
    estate(3)
    Path("estate/notes.txt").write_text("left out")
    result = run("estate")
    assert result.exit_code == 1
    assert statuses(result.stdout) == {
        "estate/SP6a-00000": "affected",
        "estate/Q242896-00001": "fixed",
        "estate/Q241024-00002": "undetermined",
    }
    assert "3 targets: 1 affected, 1 fixed, 0 not affected, 1 undetermined; 0 could not" in (
        result.stderr
    )
    assert "left out: 1 file that no rule names" in result.stderr


def test_a_line_keeps_to_its_schema_and_says_what_a_check_says() -> None:
    """``ntscan schema --format ndjson`` describes every line, failed ones included."""
    estate(3)
    printed = RUNNER.invoke(app, ["schema", "--format", "ndjson"]).stdout
    lines = [json.loads(line) for line in run("estate", "missing").stdout.splitlines()]
    assert len(lines) == 4
    for line in lines:
        jsonschema.validate(line, json.loads(printed))
        checked = RUNNER.invoke(app, ["check", line["target"], "--format", "json"]).stdout
        if line["target"] != "missing":
            report = json.loads(checked)
            (target,) = report["targets"]
            assert target.items() <= line.items()
            assert {key: line[key] for key in ("schema_version", "tool", "rules")} == {
                key: report[key] for key in ("schema_version", "tool", "rules")
            }
            assert line["run"]["options"] == report["run"]["options"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["estate/SP6a-00000"], 1),
        (["estate/SP6a-00000", "missing"], 1),
        (["estate/SP6a-00000", "--fail-on", "never"], 0),
        (["estate/Q242896-00001"], 0),
        (["estate/Q242896-00001", "--no-model", "--jobs", "1"], 0),
        (["estate/Q242896-00001", "missing"], 3),
        (["estate/Q242896-00001", "missing", "--fail-on", "never"], 3),
        (["estate/Q241024-00002"], 3),
        (["estate/Q241024-00002", "--fail-on", "undetermined"], 1),
        (["estate/Q242896-00001", "--service-pack", "SP6a", "--product", "server"], 0),
        (["estate/SP6a-00000", "--product", "workstation"], 0),
        (["estate/SP6a-00000", "--timeout", "0.001"], 3),
        (["estate/SP6a-00000/WINNT/system32/drivers/sfmsrv.sys"], 1),
        (["estate/SP6a-00000/WINNT/system32/drivers/ntfs.sys"], 3),
        (["-o", "lines", "estate/Q242896-00001"], 0),
        (["--rule", "Q1"], 2),
        ([], 2),
        (["estate", "--memory", "much"], 2),
        (["estate", "--memory", "0"], 2),
        (["estate", "--memory", "65535K"], 2),
        (["estate", "--timeout", "0"], 2),
        (["estate", "--timeout", "nan"], 2),
        (["estate", "--jobs", "0"], 2),
        (["estate", "--engine", "dask"], 2),
        (["estate", "--scheduler", "tcp://127.0.0.1:1"], 2),
        (["estate", "--engine", "dask", "--scheduler", "tcp://127.0.0.1:1", "--jobs", "2"], 2),
        (["estate", "-o", "."], 2),
        (["estate", "-o", "missing/lines"], 2),
        (["estate", "-o", "lines", "--resume=others"], 2),
        (["estate", "--resume", "estate/SP6a-00000/WINNT/system32/drivers/sfmsrv.sys"], 2),
        (["-"], 2),
    ],
)
def test_exit_codes(words: Sequence[str], code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """1 where something is affected, 3 where something was not scanned, 2 for wrong usage."""
    estate(3)
    monkeypatch.setattr(sys, "argv", ["ntscan", "audit", *words])
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO()))
    with pytest.raises(SystemExit) as end:
        run_command_line()
    assert end.value.code == code


def test_the_defaults_are_those_of_a_scan_from_python() -> None:
    """In --help, and in the table of docs/audit.md."""
    limits = ntscan.Limits()
    page = (PROJECT / "docs/audit.md").read_text("utf-8")
    assert f"| seconds a target | {limits.seconds:g} | `--timeout` |" in page
    assert f"| {show_size(limits.memory)[:-1]} GiB | `--memory`, at least 64M |" in page
    shown = " ".join(run("--help").stdout.split())
    assert f"[default: {limits.seconds}" in shown
    assert f"[default: ({show_size(limits.memory)})]" in shown


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing", "no such file or folder; check the spelling and the mount"),
        ("miss\x1b[31m", "no such file or folder; check the spelling and the mount"),
        ("C:\\winnt", "there is no drive C: on this machine; give the folder where that drive is"),
        ("", "an empty path names nothing; give a file or a folder"),
    ],
    ids=ascii,
)
def test_a_path_that_names_nothing_is_a_target_that_was_not_opened(path: str, message: str) -> None:
    """Its line names the path once, and the message what is wrong with it."""
    (line,) = [json.loads(line) for line in run(path).stdout.splitlines()]
    (error,) = line["errors"]
    assert (line["scan_status"], line["kind"], error["stage"]) == ("failed", "file", "open")
    assert error["path"] == line["target"]
    assert error["message"].startswith(message)


def test_paths_from_standard_input() -> None:
    """``-`` takes a list; empty lines in it are nothing, and other paths stand beside it."""
    machines = estate(3)
    result = run("-", machines[0], stdin=f"{machines[1]}\n\n{machines[2]}\r\n{machines[1]}\n")
    assert sorted(statuses(result.stdout)) == machines


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["-o", "f", "--resume", "p"], ["-o", "f", "--resume=f", "p"]),
        (["--resume", "-o", "f", "p"], ["--resume=f", "-o", "f", "p"]),
        (["--output=f", "p", "--resume"], ["--output=f", "p", "--resume=f"]),
        (["--output", "f", "p", "--resume"], ["--output", "f", "p", "--resume=f"]),
        (["-of", "p", "--resume"], ["-of", "p", "--resume=f"]),
        (["--resume", "f", "p"], ["--resume", "f", "p"]),
        (["--resume=f", "p"], ["--resume=f", "p"]),
        (["-o", "f", "--resume=f", "p"], ["-o", "f", "--resume=f", "p"]),
        (["-o", "f", "p"], ["-o", "f", "p"]),
        (["-o", "f", "--", "--resume"], ["-o", "f", "--", "--resume"]),
        (["--resume", "f", "--", "-o"], ["--resume", "f", "--", "-o"]),
        (["-o"], ["-o"]),
        ([], []),
    ],
)
def test_resume_stands_alone_beside_an_output(words: list[str], expected: list[str]) -> None:
    """``-o FILE --resume PATH`` and ``--resume FILE PATH`` say the same."""
    assert with_resumed_file(words) == expected


@pytest.mark.parametrize(
    "words",
    [
        ["--resume"],
        ["--resume="],
        ["--resume", "estate"],
        ["--resume=estate", "estate"],
        ["--resume", "estate", "estate"],
        ["estate", "--resume"],
        ["estate", "--resume", "--jobs", "1"],
        ["estate", "--resume", "--", "more"],
        ["--resume", "-"],
    ],
    ids=" ".join,
)
def test_resume_never_takes_what_is_scanned_for_its_file(words: list[str]) -> None:
    """Without a file, or with a folder for it, it is said how the file is named."""
    estate(1)
    result = run(*words)
    assert isinstance(result.exception, UsageError)
    assert "--resume audit.ndjson, or -o audit.ndjson --resume" in str(result.exception)


@pytest.mark.parametrize("words", [("--resume", "lines"), ("-o", "lines", "--resume")])
def test_an_audit_goes_on(words: Sequence[str]) -> None:
    """Finished targets are not scanned again, and count towards summary and exit code."""
    machines = estate(6)
    affected = next(name for name in machines if "SP6a" in name)
    assert run(affected, *words).exit_code == 1
    first = Path("lines").read_text("utf-8")
    Path(affected).rename("moved-away")
    result = run("estate", *words)
    assert result.exit_code == 1
    assert "6 targets: 2 affected" in result.stderr
    assert result.stdout == ""
    text = Path("lines").read_text("utf-8")
    assert text.startswith(first)
    assert Counter(json.loads(line)["target"] for line in text.splitlines()) == Counter(machines)


def test_a_target_is_known_again_by_where_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However its path is spelled, and not by the same path in another folder."""
    monkeypatch.chdir(tmp_path)
    estate(3)
    words = ("-o", str(tmp_path / "lines"), "--resume")
    (tmp_path / "elsewhere").mkdir()
    for paths in (["estate"], ["./estate/", str(tmp_path / "estate"), "estate//SP6a-00000"]):
        assert "3 targets: 1 affected" in run(*paths, *words).stderr
    monkeypatch.chdir(tmp_path / "elsewhere")
    estate(2)
    assert "5 targets: 2 affected" in run("estate", *words).stderr
    assert run("estate", str(tmp_path / "estate"), *words).stderr.startswith("5 targets")
    folders = [
        json.loads(line)["run"]["folder"] for line in Path(words[1]).read_text().splitlines()
    ]
    assert folders == [str(tmp_path)] * 3 + [str(tmp_path / "elsewhere")] * 2


def test_kill_and_resume_give_what_an_undisturbed_audit_gives() -> None:
    """Killed three times among 100 images, the audit loses nothing and repeats nothing."""
    machines = [str(image) for image in write_image_estate(Path("estate"), 100)]
    undisturbed = run("estate", "-o", "undisturbed")
    for finished in (1, 20, 40):
        with start("estate", "--resume", "lines") as process:
            wait_for_lines("lines", finished)
            process.kill()
    torn = Path("lines").read_bytes()
    Path("lines").write_bytes(torn[:-100])
    assert 40 <= torn.count(b"\n") < 100
    result = run("estate", "--resume", "lines")
    text = Path("lines").read_text("utf-8")
    assert [line["target"] for line in findings(text)] == machines
    assert findings(text) == findings(Path("undisturbed").read_text("utf-8"))
    assert (result.exit_code, result.stderr) == (undisturbed.exit_code, undisturbed.stderr)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_audit_keeps_what_is_finished(number: int) -> None:
    """Ctrl-C, an ending session and a service manager stop it soon, with whole lines."""
    machines = estate(300)
    with start("estate", "-o", "lines") as process:
        wait_for_lines("lines", 10)
        os.killpg(process.pid, number)  # As a terminal does: every process of the session gets it.
        started = time.monotonic()
        _, said = process.communicate()
    assert time.monotonic() - started < 10
    assert process.returncode == 3
    assert b"did not come to its end: interrupted; go on with --resume" in said
    assert b"Traceback" not in said
    text = Path("lines").read_text("utf-8")
    assert 10 <= len(statuses(text)) < 300
    assert "failed" not in statuses(text).values()
    assert set(statuses(text)) <= set(machines)
    assert text.endswith("\n")


def test_an_audit_that_nobody_reads_ends() -> None:
    """``ntscan audit ... | head -1`` does not scan on for nobody."""
    estate(300)
    command = [sys.executable, "-m", "ntscan", "audit", "estate"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())
        process.stdout.close()
        assert process.stderr is not None
        said = process.stderr.read()
    assert b"who reads standard output has gone" in said
    assert process.returncode == 3


def test_images_are_targets_as_folders_are() -> None:
    """Raw and split images are found by content; damage and what is no disk fail alone."""
    _, fixed, affected = write_image_estate(Path("images"), 3)
    disk = affected.read_bytes()
    Path("images/split.001").write_bytes(disk[: len(disk) // 2])
    Path("images/split.002").write_bytes(disk[len(disk) // 2 :])
    Path("images/no-table").write_bytes(bytes(512) + disk[512:])
    Path("images/torn.img").write_bytes(disk[:100_000])
    Path("images/zeros.vmdk").write_bytes(bytes(1_000_000))
    estate(1)
    result = run("images", "estate")
    found = statuses(result.stdout)
    assert {found.pop(name) for name in ("images/torn.img", "images/zeros.vmdk")} <= {
        "failed",
        "undetermined",
    }
    assert found == {
        "images/Q241024-00002.img": "undetermined",
        str(affected): "affected",
        str(fixed): "fixed",
        "images/split.001": "affected",
        "images/no-table": "affected",
        "estate/SP6a-00000": "affected",
    }


def test_one_digest_is_not_stated_of_many_images() -> None:
    """A digest belongs to one image; several need a list."""
    write_image_estate(Path("images"), 2)
    assert "is one digest" in str(run("images", "--image-hash", "0" * 32).exception)
    stated = run("images/SP6a-00000.img", "--image-hash", "0" * 32).stdout
    assert json.loads(stated)["image"]["hashes"][0]["digest"] == "0" * 32


def test_a_hostile_name_is_shown_harmlessly() -> None:
    """A folder's name acts on no terminal, and its line names it as every report does."""
    write_drivers(Path("estate/a\x1b[31m\n"), "SP6a")
    result = run("estate")
    assert statuses(result.stdout) == {"estate/a\\x1b[31m\\x0a": "affected"}


def test_a_name_that_is_no_text_is_scanned() -> None:
    """A folder whose name is no UTF-8, as on old media, is a target as any other."""
    write_drivers(Path("estate") / os.fsdecode(b"plant\xe9"), "SP6a")
    assert statuses(run("estate").stdout) == {"estate/plant\\xe9": "affected"}


@pytest.fixture(scope="module")
def cluster() -> Iterator[tuple[str, list[int]]]:
    """A scheduler's address, and the processes of its two workers."""
    command = [sys.executable, "-m", "fixtures.cluster"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, cwd=PROJECT, **pipes) as process:  # type: ignore[call-overload]  # as Popen has it
        address, *workers = process.stdout.readline().split()
        yield address, [int(worker) for worker in workers]
        process.stdin.close()


def test_a_cluster_loses_nothing_with_a_worker(cluster: tuple[str, list[int]]) -> None:
    """With one of two workers killed in the middle, every target is reported exactly once."""
    machines = estate(90)
    address, workers = cluster
    words = ("estate", "--engine", "dask", "--scheduler", address, "-o", "lines")
    with start(*words) as process:
        wait_for_lines("lines", 10)
        os.kill(workers[0], signal.SIGKILL)
        assert len(Path("lines").read_bytes().splitlines()) < 80
        _, said = process.communicate()
    assert process.returncode == 1, said
    assert b"90 targets: 30 affected, 30 fixed, 0 not affected, 30 undetermined; 0 could" in said
    text = Path("lines").read_text("utf-8")
    assert [line["target"] for line in findings(text)] == machines
    assert findings(text) == findings(run("estate").stdout)


def test_a_scheduler_that_is_not_there_is_wrong_usage() -> None:
    """An address at which nothing answers is named."""
    estate(1)
    result = run("estate", "--engine", "dask", "--scheduler", "tcp//nowhere")
    assert "tcp//nowhere: no Dask scheduler answers there" in str(result.exception)


def wait_for_lines(file: str, count: int) -> None:
    """Wait until a file has so many lines."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if Path(file).exists() and Path(file).read_bytes().count(b"\n") >= count:
            return
        time.sleep(0.005)
    raise AssertionError(f"{file} has no {count} lines after a minute")
