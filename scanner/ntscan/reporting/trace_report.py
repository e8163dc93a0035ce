"""What ``ntscan trace`` promises to the outside: the types of its report, and the report as JSON.

Addresses are RVAs, and like the values of a witness they are hexadecimal: ``"0x00000290"``. Text
that came from scanned bytes has been made harmless (see harmless.py).
"""

import hashlib
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import asdict

from ntscan.machinecode.traced import CompletionMode, FreedBy, FreeSite, IrpTrace, Trace
from ntscan.reporting.harmless import harmless, shown
from ntscan.version import VERSION
from ntscan.vocabulary import SCHEMA_VERSION, Grade

_INDENT: Final = 2


class FreeSiteEntry(Struct, frozen=True, kw_only=True):
    """One free of an IRP; ``rva`` is that of the call, ``null`` where the I/O manager frees."""

    rva: str | None
    by: FreedBy


class IrpEntry(Struct, frozen=True, kw_only=True):
    """One IRP on one way through the code, in one completion mode.

    ``frees`` counts ``free_sites`` without those of the I/O manager. ``witness`` names the values
    that lead there from the function at ``start``; the other fields are those of IrpTrace.
    """

    major: int | None
    minor: int | None
    start: str
    allocated_at: str
    sent_at: str | None
    completed_at: str | None
    frees: int
    free_sites: tuple[FreeSiteEntry, ...]
    witness: dict[str, str]
    mode: CompletionMode
    fast_io_answer: bool | None
    natural: bool
    clean_return: bool


class MachineCodeEntry(Struct, frozen=True, kw_only=True):
    """What the machine code of one image did with its IRPs."""

    machine: str
    sha256: str
    grade: Grade
    reason: str
    irps: tuple[IrpEntry, ...]
    unmodelled: tuple[str, ...]
    instructions: int


class TraceEntry(MachineCodeEntry, frozen=True, kw_only=True):
    """The report of one trace; ``seconds`` is what the run took."""

    seconds: float


def trace_entry(trace: Trace, data: bytes) -> TraceEntry:
    """Report a trace of an image of these bytes."""
    entry = machine_code_entry(trace, hashlib.sha256(data).hexdigest())
    return TraceEntry(**asdict(entry), seconds=round(trace.seconds, 3))


def machine_code_entry(trace: Trace, sha256: str) -> MachineCodeEntry:
    """Report what the machine code of an image did."""
    return MachineCodeEntry(
        machine=harmless(trace.machine),
        sha256=sha256,
        grade=trace.grade,
        reason=harmless(trace.reason),
        irps=tuple(_irp(irp) for irp in trace.irps),
        unmodelled=tuple(shown(name) for name in trace.unmodelled),
        instructions=trace.instructions,
    )


def render_json(entry: TraceEntry, file: str) -> str:
    """Write the trace of a file as indented JSON; the file's name is as the user gave it."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "ntscan", "version": VERSION},
        "file": harmless(file),
        **msgspec.to_builtins(entry),
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=_INDENT).decode() + "\n"


def _irp(irp: IrpTrace) -> IrpEntry:
    return IrpEntry(
        major=irp.major,
        minor=irp.minor,
        start=_hexadecimal(irp.start),
        allocated_at=_hexadecimal(irp.allocated_at),
        sent_at=_address(irp.sent_at),
        completed_at=_address(irp.completed_at),
        frees=irp.frees,
        free_sites=tuple(_free_site(site) for site in irp.free_sites),
        witness={harmless(place): _hexadecimal(value) for place, value in irp.witness.items()},
        mode=irp.mode,
        fast_io_answer=irp.fast_io_answer,
        natural=irp.natural,
        clean_return=irp.clean_return,
    )


def _free_site(site: FreeSite) -> FreeSiteEntry:
    return FreeSiteEntry(rva=_address(site.rva), by=site.by)


def _address(rva: int | None) -> str | None:
    return None if rva is None else _hexadecimal(rva)


def _hexadecimal(value: int) -> str:
    return f"0x{value:08x}"
