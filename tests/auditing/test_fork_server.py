"""The fork server as a program: it ends with who started it, and says nothing of that."""

import os
import pickle
import subprocess
import sys

import pytest

from ntscan.asking import EVERYTHING, load_book
from ntscan.auditing.frames import write_frame
from ntscan.auditing.job import SCAN
from ntscan.auditing.limits import Limits
from ntscan.auditing.run import new_job

SETUP = pickle.dumps(new_job(EVERYTHING, load_book(EVERYTHING), Limits()))
COMMAND = [sys.executable, "-m", "ntscan.auditing.fork_server", SCAN, "10", str(1 << 30)]


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_it_ends_silently_with_who_asked(frames: int) -> None:
    """Killed before the setup, while it prepares or while it scans, the audit leaves no trace."""
    reader, writer = os.pipe()
    process = subprocess.Popen(
        COMMAND, stdin=subprocess.PIPE, stdout=writer, stderr=subprocess.PIPE
    )
    os.close(writer)
    os.close(reader)
    with process:
        assert process.stdin is not None
        for frame in (SETUP, b"missing")[:frames]:
            write_frame(process.stdin.fileno(), frame)
        process.stdin.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 0
