"""The limits of a scan: how they are written, and where they cannot be had."""

import os
import sys

import pytest
import typer

from ntscan.auditing.dask_engine import dask_engine
from ntscan.auditing.limits import refuse_without_limits
from ntscan.cli.options import parse_size, show_size
from ntscan.errors import UsageError


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("67108864", 64 * 1024**2),
        ("65536K", 64 * 1024**2),
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


@pytest.mark.parametrize("text", ["", "-1", "1.5G", "G", "1 G", "1P", "1e9", "\u0661G"])
def test_what_is_no_size_is_refused(text: str) -> None:
    """With the way in which one is written."""
    with pytest.raises(typer.BadParameter, match="write it as 512M or 1G"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [("10", "10"), ("1k", "1,024"), ("65535K", "67,107,840"), ("63MiB", "66,060,288"), ("0G", "0")],
)
def test_a_memory_in_which_no_scan_fits_is_refused(text: str, size: str) -> None:
    """Before any target fails of it, and with the size as it was read."""
    with pytest.raises(typer.BadParameter, match=f"{text} is {size} bytes; .* 64M at least"):
        parse_size(text)


@pytest.mark.parametrize("size", [1 << 26, (1 << 26) + 1, 1536 << 20, 1 << 30, 3 << 40])
def test_a_size_is_shown_as_it_is_read(size: int) -> None:
    """What --help shows as the default can be given."""
    assert parse_size(show_size(size)) == size


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
