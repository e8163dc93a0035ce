"""The page and the JSON of a trace, from traces made by hand."""

import json
from io import StringIO

import pytest
from msgspec.structs import replace

from ntscan.machinecode.traced import CompletionMode, FreedBy, FreeSite, IrpTrace, Trace
from ntscan.reporting.irp_names import function_name
from ntscan.reporting.trace_page import render_trace
from ntscan.reporting.trace_report import render_json, trace_entry
from ntscan.vocabulary import Grade

IRP = IrpTrace(
    start=0x290,
    major=0x11,
    minor=2,
    allocated_at=0x2D3,
    sent_at=0x36A,
    completed_at=0x240,
    free_sites=(
        FreeSite(rva=0x25D, by=FreedBy.COMPLETION),
        FreeSite(rva=None, by=FreedBy.IO_MANAGER),
    ),
    witness={"arg0+0": 0x4B524F46},
    mode=CompletionMode.SUCCESS,
    fast_io_answer=False,
    natural=True,
    clean_return=True,
)


def traced(*irps: IrpTrace, grade: Grade = Grade.OBSERVED, reason: str = "Why.") -> Trace:
    """A trace of these IRPs."""
    return Trace(
        machine="i386",
        grade=grade,
        reason=reason,
        irps=irps,
        unmodelled=("Unknown\x1b[31m",),
        instructions=12_345,
        seconds=0.12345,
    )


def page(*irps: IrpTrace) -> str:
    """The page of a trace of these IRPs, its white space folded."""
    return " ".join(render_trace(trace_entry(traced(*irps), b""), "a.sys", StringIO()).split())


def test_irps_that_differ_in_the_mode_alone_are_told_once() -> None:
    """One entry names every answer of the driver below; another witness makes another entry."""
    text = page(
        IRP,
        replace(IRP, mode=CompletionMode.ERROR),
        replace(IRP, witness={}, mode=CompletionMode.PENDING_AT_WAIT),
    )
    assert text.count("IRP_MJ_LOCK_CONTROL/IRP_MN_UNLOCK_SINGLE") == 2
    assert "completed at once; completed at once with an error FastIoUnlockSingle" in text
    assert "with any arguments" in text


def test_who_freed_is_told_with_the_address_of_the_call() -> None:
    """A free of the I/O manager's has no address in the image."""
    assert "freed at 0x0000025d by the completion routine I/O manager" in page(IRP)
    assert "freed never" in page(replace(IRP, free_sites=()))


@pytest.mark.parametrize(
    ("unusual", "said"),
    [
        (replace(IRP, natural=False), "but a branch of this path was forced"),
        (replace(IRP, clean_return=False), "but it did not return cleanly"),
        (replace(IRP, sent_at=None, major=None, minor=None), "IRP never sent"),
        (replace(IRP, completed_at=None), "completion routine none called"),
        (replace(IRP, fast_io_answer=True), "FastIoUnlockSingle TRUE"),
    ],
)
def test_what_is_unusual_is_said(unusual: IrpTrace, said: str) -> None:
    """Each doubt and each lack has its words, and an IRP without it does not say them."""
    assert said in page(unusual)
    assert said not in page(IRP)


def test_text_from_the_image_is_harmless_on_the_page_and_in_the_json() -> None:
    """Names of imports and of the file, and the reason, act on no terminal."""
    entry = trace_entry(traced(IRP, reason="\u202e"), b"")
    for text in (render_trace(entry, "\x07.sys", StringIO()), render_json(entry, "\x07.sys")):
        assert "\x1b" not in text
        assert "\x07" not in text
        assert "\u202e" not in text


def test_the_json_has_what_it_promises() -> None:
    """Addresses and values are hexadecimal, counts are numbers, and the hash is the bytes' own."""
    document = json.loads(render_json(trace_entry(traced(IRP), b""), "a.sys"))
    (irp,) = document.pop("irps")
    assert document == {
        "schema_version": "1.0",
        "tool": {"name": "ntscan", "version": document["tool"]["version"]},
        "file": "a.sys",
        "machine": "i386",
        "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "grade": "observed",
        "reason": "Why.",
        "unmodelled": ["Unknown\\x1b[31m"],
        "instructions": 12_345,
        "seconds": 0.123,
    }
    assert irp == {
        "major": 0x11,
        "minor": 2,
        "start": "0x00000290",
        "allocated_at": "0x000002d3",
        "sent_at": "0x0000036a",
        "completed_at": "0x00000240",
        "frees": 1,
        "free_sites": [
            {"rva": "0x0000025d", "by": "completion"},
            {"rva": None, "by": "io_manager"},
        ],
        "witness": {"arg0+0": "0x4b524f46"},
        "mode": "success",
        "fast_io_answer": False,
        "natural": True,
        "clean_return": True,
    }


@pytest.mark.parametrize(
    ("major", "minor", "name"),
    [
        (0x11, 2, "IRP_MJ_LOCK_CONTROL/IRP_MN_UNLOCK_SINGLE"),
        (0x11, 9, "IRP_MJ_LOCK_CONTROL, minor function 0x09"),
        (0x00, 0, "IRP_MJ_CREATE"),
        (0x15, 0, "IRP_MJ_SET_SECURITY"),
        (0x16, 0, "major function 0x16"),
        (0xFF, 1, "major function 0xff, minor function 0x01"),
        (None, None, "never sent"),
    ],
)
def test_a_function_code_is_named_where_nt_names_it(
    major: int | None, minor: int | None, name: str
) -> None:
    """The names are those of ntddk.h; a number that it does not know stays a number."""
    assert function_name(major, minor) == name
