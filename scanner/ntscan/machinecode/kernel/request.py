"""An IRP that the traced driver allocated: its bytes, and what became of it."""

from dataclasses import dataclass, field

from msgspec import Struct

from ntscan.drivermodel.layouts import Layouts
from ntscan.machinecode.blocks import Block
from ntscan.machinecode.traced import FreeSite


class Send(Struct, frozen=True, kw_only=True):
    """One send of an IRP to a driver: which function it asks for, and where from (an RVA)."""

    major: int
    minor: int
    sent_at: int


@dataclass(slots=True)
class Request:
    """An IRP of this run, and its life so far; addresses of calls are RVAs.

    ``answers_before`` are what FastIoUnlockSingle had answered when it was allocated; ``number``
    counts the IRPs of the run from 1.
    """

    block: Block
    layouts: Layouts
    allocated_at: int
    answers_before: tuple[bool, ...]
    number: int
    sends: list[Send] = field(default_factory=list)
    completed_at: int | None = None
    free_sites: list[FreeSite] = field(default_factory=list)
    outstanding: bool = False

    @property
    def address(self) -> int:
        """Where it lies."""
        return self.block.address

    @property
    def stack_locations(self) -> int:
        """How many stack locations follow it."""
        return (self.block.size - self.layouts.irp.size) // self.layouts.stack_location.size
