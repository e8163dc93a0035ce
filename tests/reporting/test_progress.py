"""Progress of an audit on a terminal, and what sums it up."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

import ntscan
from fixtures.nt_machine import write_drivers
from ntscan.reporting.tally import Tally, summary_sentence


def test_a_tally_counts_as_a_report_does(tmp_path: Path) -> None:
    """Target by target, the counts come to the summary of one report about all."""
    for build in ("SP6a", "Q242896", "Q241024"):
        write_drivers(tmp_path / build, build)
    report = ntscan.scan(*(str(path) for path in sorted(tmp_path.iterdir())))
    tally = Tally()
    assert tally.scanned_whole
    for target in report.targets:
        tally.add(target)
    assert tally.summary == report.summary
    assert tally.scanned_whole
    assert summary_sentence(tally.summary, 2) == (
        "3 targets: 1 affected, 1 fixed, 0 not affected, 1 undetermined; "
        "0 could not be scanned, 2 only in part"
    )


def test_a_failed_target_is_not_scanned_whole(tmp_path: Path) -> None:
    """One failed target is enough for the exit code not to be 0."""
    tally = Tally()
    for target in ntscan.scan(str(tmp_path)).targets:
        tally.add(target)
    assert tally.summary.failed == 1
    assert not tally.scanned_whole


@pytest.mark.parametrize(
    ("redirection", "shows"),
    [("> lines", True), ("-o lines", True), ("", False), ("2> said", False)],
)
def test_progress_is_shown_on_a_terminal_that_shows_no_lines(
    tmp_path: Path, redirection: str, shows: bool
) -> None:
    """How many of how many, how many affected and failed, the rate and the time left."""
    for number in range(20):
        write_drivers(tmp_path / f"estate/plant{number}", "SP6a")
    command = f"{sys.executable} -m ntscan audit estate {redirection}"
    master, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    process = subprocess.Popen(
        ["/bin/sh", "-c", command],
        stdout=terminal,
        stderr=terminal,
        cwd=tmp_path,
        env=environment,
    )
    os.close(terminal)
    shown = b""
    try:
        while part := os.read(master, 1 << 16):
            shown += part
    except OSError:  # Linux says so where the other end is closed.
        pass
    os.close(master)
    assert process.wait() == 1
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    pattern = r"20 of 20 .* 20 affected, 0 failed .*\d/s .* left 0:00:00"
    assert bool(re.search(pattern, text)) == shows, text
