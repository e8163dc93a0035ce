"""``ntscan model`` as a user runs it."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from xml.etree.ElementTree import parse

import pytest
from typer.testing import CliRunner

from ntscan.cli.model import app

SVG = "{http://www.w3.org/2000/svg}"


def run(*words: str) -> str:
    """Run the command line in this process; give its standard output."""
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize(
    ("words", "frees", "stop_code"),
    [
        ((), 3, "0x0000001E"),
        (("--behaviour", "fixed"), 1, None),
        (("--policy", "pool"), 3, "0x0000000A"),
        (("--type-check",), 2, "0x00000044"),
        (("--platform", "alpha", "--completion", "pending"), 3, "0x0000001E"),
        (("--refusal", "nothing"), 0, None),
    ],
)
def test_each_option_of_demonstrate_reaches_the_model(
    words: tuple[str, ...], frees: int, stop_code: str | None
) -> None:
    """The JSON carries the counts, the whole trace, and the policies that were asked for."""
    document = json.loads(run("demonstrate", *words, "--format", "json"))
    shown = document["demonstration"]
    assert (shown["frees"], shown["stop_code"]) == (frees, stop_code)
    assert shown["trace"][0].startswith("1. ")
    if "--platform" in words:
        assert document["policies"]["platform"] == "alpha"
        assert any("0x00980006" in line for line in shown["trace"])
        assert any("STATUS_PENDING" in line for line in shown["trace"])


def test_the_table_of_a_demonstration_tells_the_whole_trace() -> None:
    """Every step, the counts and the assumptions are printed for a person."""
    text = run("demonstrate")
    assert "free 3 of this IRP" in text
    assert "calls of IoFreeIrp: 3; STOP 0x0000001E in I/O operation 3 after it" in text
    assert "the scanned driver is not executed" in text


def test_explore_claims_only_what_it_visited() -> None:
    """For the fixed build a count of states, all of them; a cut search claims nothing."""
    whole = run("explore", "--behaviour", "fixed", "--completion", "pending", "--workers", "1")
    assert "states visited, all of them; none is bad" in whole
    assert "no fix: " in whole
    assert "IRPs free before the first: 1; cause that refuses Fast I/O: oplock." in whole
    cut = run("explore", "--behaviour", "fixed", "--completion", "pending", "--states", "50")
    assert "nothing is claimed" in " ".join(cut.split())
    assert "none is bad" not in cut


def test_explore_as_json_carries_a_trace_to_each_bad_state() -> None:
    """Bounds, counts and the shortest traces are in the JSON."""
    words = ("--behaviour", "vulnerable", "--completion", "immediate", "--workers", "1")
    document = json.loads(run("explore", *words, "--format", "json"))
    first = document["explorations"][0]
    assert "completion" not in document["policies"]
    assert first["policies"]["completion"] == "immediate"
    assert first["assumption"] in document["assumptions"]
    assert first["complete"] is True
    assert first["scene"]["workers"] == 1
    assert all(finding["trace"] for finding in first["findings"])


def test_simulate_takes_its_workload_from_the_options() -> None:
    """Pattern, rate, runs and seed reach the model."""
    words = ("--pattern", "sparse", "--refusal-rate", "0.01", "--runs", "4", "--seed", "3")
    result = json.loads(run("simulate", *words, "--format", "json"))["simulation"]
    (row,) = result["rows"]
    asked = {"pattern": "sparse", "refusal_rate": 0.01, "regular": False, "runs": 4, "seed": 3}
    assert row["load"] == asked
    assert result["behaviour"] == "vulnerable"
    assert 0 < row["stopped"] <= 4
    assert "1 in 100" in run("simulate", *words)
    regular = run("simulate", *words, "--regular", "--format", "json")
    (row,) = json.loads(regular)["simulation"]["rows"]
    assert row["load"]["regular"] is True
    assert row["overall"]["percent_5"] > 100 * 100


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        ("0", "never"),
        ("1e-12", "1 in 10^12"),
        ("1e-9", "1 in 10^9"),
        ("1e-6", "1 in 1,000,000"),
        ("0.01", "1 in 100"),
        ("0.3333333333333333", "1 in 3"),
        ("0.7", "70 %"),
        ("1", "always"),
    ],
)
def test_any_share_of_refusals_is_run_and_named(rate: str, words: str, tmp_path: Path) -> None:
    """From never to always; a share that is not one in n is given in per cent."""
    file = tmp_path / "plot.svg"
    asked = ("--pattern", "sweeping", "--refusal-rate", rate, "--runs", "2", "--svg", str(file))
    (line,) = [line for line in run("simulate", *asked).splitlines() if "sweeping  " in line]
    assert words in line
    assert "…" not in line
    assert ("No run stopped." in file.read_text()) is ("0 of 2" in line)
    assert ("0 of 2" in line) is (rate in {"0", "1e-12"})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--refusal-rate", "1e-320"), "neither 0 nor in the range 1e-12 to 1"),
        (("--refusal-rate", "9e-13"), "neither 0 nor in the range 1e-12 to 1"),
        (("--refusal-rate", "-0.1"), "neither 0 nor in the range 1e-12 to 1"),
        (("--refusal-rate", "1.1"), "neither 0 nor in the range 1e-12 to 1"),
        (("--refusal-rate", "nan"), "neither 0 nor in the range 1e-12 to 1"),
        (("--refusal-rate", "0.7", "--regular"), "0.7 is not 1/n"),
    ],
)
def test_a_share_that_cannot_be_run_is_refused(words: tuple[str, ...], said: str) -> None:
    """What no run could show is an error of usage, in a sentence."""
    result = CliRunner().invoke(app, ["simulate", *words], env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_simulation_says_what_was_run_and_where_it_ends() -> None:
    """Build, completion and seed head the table; all three bounds, and what a survivor did."""
    words = ("--behaviour", "fixed", "--completion", "pending", "--pattern", "sparse")
    asked = (*words, "--refusal-rate", "1", "--runs", "2", "--seed", "5")
    text = " ".join(run("simulate", *asked).split())
    assert "fixed build; the file system completes an unlock: pending" in text
    assert "seed 5" in text
    assert "…" not in text
    for bound in ("10,000 operations after", "100 refusals", "1,000,000,000,000 operations"):
        assert bound in text
    result = json.loads(run("simulate", *asked, "--format", "json"))["simulation"]
    assert result["bounds"] == {"operations": 10**12, "refusals": 100, "watch": 10_000}
    survived = result["rows"][0]["survived"]
    assert survived["percent_5"] >= 100 * 100
    assert f"{survived['median']:,}" in text


@pytest.mark.parametrize("command", ["demonstrate", "simulate"])
def test_one_file_is_not_written_twice(command: str, tmp_path: Path) -> None:
    """--svg and --output of the same file are refused, and nothing is written."""
    words = [command, "--svg", str(tmp_path / "f"), "-o", str(tmp_path / "." / "f")]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_the_sequence_diagram_has_a_line_for_each_step(tmp_path: Path) -> None:
    """The drawing is well-formed SVG, names the lanes and shows every sentence of the trace."""
    file = tmp_path / "trace.svg"
    document = json.loads(run("demonstrate", "--svg", str(file), "--format", "json"))
    words = " ".join(element.text or "" for element in parse(file).iter(f"{SVG}text"))  # noqa: S314  our own file
    for lane in ("Macintosh client", "SFM", "file system", "I/O manager", "free IRPs"):
        assert lane in words
    assert "free 3 of this IRP" in words
    numbers = [str(n + 1) for n in range(len(document["demonstration"]["trace"]))]
    assert all(f" {number} " in words for number in numbers)


@pytest.mark.parametrize(("behaviour", "markers"), [("vulnerable", True), ("fixed", False)])
def test_the_plot_shows_what_stopped(tmp_path: Path, behaviour: str, markers: bool) -> None:
    """Runs that stopped are drawn; where none did, the drawing says so."""
    file = tmp_path / "plot.svg"
    words = ("--behaviour", behaviour, "--refusal-rate", "0.1", "--runs", "3")
    run("simulate", *words, "--svg", str(file))
    root = parse(file)  # noqa: S314  our own file
    text = " ".join(element.text or "" for element in root.iter(f"{SVG}text"))
    assert ("No run stopped." in text) is not markers
    assert bool(list(root.iter(f"{SVG}polygon"))) is markers


@pytest.mark.parametrize(
    "words", [("demonstrate",), ("simulate", "--runs", "1", "--refusal-rate", "1")]
)
def test_a_file_written_from_a_terminal_has_no_colours(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    """It holds what the same command prints into a pipe."""
    master, terminal = pty.openpty()
    command = [sys.executable, "-m", "ntscan", "model", *words]
    colourful = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    subprocess.run(
        [*command, "-o", "page"],
        check=True,
        cwd=tmp_path,
        stdout=terminal,
        env=colourful | {"TERM": "xterm"},
    )
    os.close(terminal)
    os.close(master)
    piped = subprocess.run(command, check=True, capture_output=True).stdout
    assert (tmp_path / "page").read_bytes() == piped
    assert b"\x1b" not in piped


def test_progress_needs_no_standard_error() -> None:
    """Where it is closed, a long command goes on in silence."""
    command = f"{sys.executable} -m ntscan model simulate --runs 1 --pattern none 2>&-"
    closed = subprocess.run(["/bin/sh", "-c", command], check=False, stdout=subprocess.PIPE)
    assert (closed.returncode, closed.stdout[:19]) == (0, b"Servers under load,")
