"""What running an image's own machine code showed of its IRPs; addresses are RVAs."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from ntscan.vocabulary import Grade


class CompletionMode(StrEnum):
    """How the driver below answers a request."""

    SUCCESS = "success"
    ERROR = "error"
    PENDING_COMPLETED = "pending_completed"  # STATUS_PENDING, completed before it returns
    PENDING_AT_WAIT = "pending_at_wait"  # STATUS_PENDING, completed when the sender waits
    PENDING_COMPLETED_ERROR = "pending_completed_error"  # the same two, with an error
    PENDING_AT_WAIT_ERROR = "pending_at_wait_error"

    @property
    def fails(self) -> bool:
        """Whether the request completes with an error."""
        return self in {
            CompletionMode.ERROR,
            CompletionMode.PENDING_COMPLETED_ERROR,
            CompletionMode.PENDING_AT_WAIT_ERROR,
        }

    @property
    def waits(self) -> bool:
        """Whether the request completes only when the sender waits, or has returned."""
        return self in {CompletionMode.PENDING_AT_WAIT, CompletionMode.PENDING_AT_WAIT_ERROR}

    @property
    def is_pending(self) -> bool:
        """Whether the driver below answers STATUS_PENDING."""
        return self not in {CompletionMode.SUCCESS, CompletionMode.ERROR}


class FreedBy(StrEnum):
    """In what part of a request's life a free was met."""

    COMPLETION = "completion"
    CALLER = "caller"
    IO_MANAGER = "io_manager"
    DEFERRED = "deferred"  # a work item, a DPC, a timer or a thread


class FreeSite(Struct, frozen=True, kw_only=True):
    """One free of an IRP: where the call of IoFreeIrp stands (of the I/O manager's, none)."""

    rva: int | None
    by: FreedBy


class IrpTrace(Struct, frozen=True, kw_only=True):
    """One IRP on one path, in one completion mode.

    ``major`` and ``minor`` are those of its last send; ``None`` where it was never sent.
    ``witness`` holds the values that lead a call of the function at ``start`` there, by the path
    on which each was reached: ``arg0[0x8]+28`` is the word at 28 behind the pointer at 8 in what
    the first argument points to. ``fast_io_answer`` is what FastIoUnlockSingle answered before.
    ``natural`` says that no branch was forced. ``clean_return`` says that the function returned
    with its stack and the preserved registers as they were.
    """

    start: int
    major: int | None
    minor: int | None
    allocated_at: int
    sent_at: int | None
    completed_at: int | None
    free_sites: tuple[FreeSite, ...]
    witness: Mapping[str, int]
    mode: CompletionMode
    fast_io_answer: bool | None
    natural: bool
    clean_return: bool

    @property
    def frees(self) -> int:
        """How often the driver itself freed it."""
        return sum(site.by is not FreedBy.IO_MANAGER for site in self.free_sites)


class Trace(Struct, frozen=True, kw_only=True):
    """The result for one image: its grade, why, and the IRPs that decided it.

    ``unmodelled`` names the routines that were answered without a model of what they do.
    ``instructions`` and ``seconds`` are those spent.
    """

    machine: str
    grade: Grade
    reason: str
    irps: tuple[IrpTrace, ...]
    unmodelled: tuple[str, ...]
    instructions: int
    seconds: float
