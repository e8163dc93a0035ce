"""The limits of a scan: how they are written, and where they cannot be had."""

import os
import sys

import pytest
import typer

from ntscan.auditing.dask_engine import dask_engine
from ntscan.auditing.limits import refuse_without_limits
from ntscan.cli.options import parse_size
from ntscan.errors import UsageError


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("1K", 1024),
        ("512M", 512 * 1024**2),
        ("512mb", 512 * 1024**2),
        ("1G", 1024**3),
        ("1GiB", 1024**3),
        ("2T", 2 * 1024**4),
    ],
)
def test_a_size_is_read_in_units_of_1024(text: str, size: int) -> None:
    """Letters in any case, with or without B or iB."""
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "0", "0G", "-1", "1.5G", "G", "1 G", "1P", "1e9", "\u0661G"])
def test_what_is_no_size_is_refused(text: str) -> None:
    """With the way in which one is written."""
    with pytest.raises(typer.BadParameter, match="write it as 512M or 1G"):
        parse_size(text)


def test_a_system_without_limits_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has no fork and macOS no limit on memory; a limit is never taken and ignored."""
    refuse_without_limits()
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(UsageError, match="on Windows: in WSL"):
        refuse_without_limits()
    monkeypatch.undo()
    monkeypatch.delattr(os, "fork")
    with pytest.raises(UsageError, match="ntscan check"):
        refuse_without_limits()


def test_a_cluster_without_dask_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says which extra to install."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"ntscan\[cluster\]"), dask_engine("tcp://127.0.0.1:1"):
        pass
