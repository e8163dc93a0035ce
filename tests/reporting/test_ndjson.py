"""NDJSON: what is written is read back the same, and nothing else is."""

import json
from pathlib import Path

import pytest

import ntscan
from fixtures.nt_machine import NTMachine, write_drivers, write_machine
from fixtures.sfmsrv import published_build
from ntscan.errors import ReportError
from ntscan.reporting.ndjson import LINE_BEGINS, decode_line, encode_line, target_lines
from ntscan.reporting.report import TargetEntry


def lines(folder: Path) -> list[ntscan.TargetLine]:
    """Scan a whole machine, a drivers folder and an empty one; return their lines."""
    build = published_build("SP6a")
    root = write_machine(folder / "whole", NTMachine(installed=build))
    (folder / "empty").mkdir()
    drivers = write_drivers(folder / "bare", "Q241024")
    return list(target_lines(ntscan.scan(str(root), str(drivers), str(folder / "empty"))))


def test_a_line_is_read_back_as_it_was(tmp_path: Path) -> None:
    """Systems, criteria, demonstrations and errors survive the way to a file and back."""
    for line in lines(tmp_path):
        data = encode_line(line)
        assert data.startswith(LINE_BEGINS)
        assert data.count(b"\n") == 1
        assert data.endswith(b"\n")
        assert decode_line(data) == line


def test_a_line_is_a_target_with_what_the_report_says_once_beside_it(tmp_path: Path) -> None:
    """The keys are those of TARGET and four of REPORT; there is no summary."""
    keys = set(json.loads(encode_line(lines(tmp_path)[0])))
    beside = {"schema_version", "tool", "rules", "run"}
    assert keys == set(TargetEntry.__struct_fields__) | beside


@pytest.mark.parametrize("damage", [b"", b"{}", b"[]", b"\xff", b"[" * 100_000, b'{"target":1}'])
def test_what_is_no_line_is_refused(damage: bytes) -> None:
    """Garbage of any kind is an error with a sentence, and no other."""
    with pytest.raises(ReportError, match="is no line of an ntscan audit"):
        decode_line(damage)


def test_a_status_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    """A line is held to the words of the report."""
    data = encode_line(lines(tmp_path)[0]).replace(b'"affected"', b'"infected"')
    with pytest.raises(ReportError, match="infected"):
        decode_line(data)
