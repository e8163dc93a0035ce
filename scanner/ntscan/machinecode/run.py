"""What one run of one function is given, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec import Struct
from msgspec import field as struct_field

from ntscan.machinecode.inputs import Touch
from ntscan.machinecode.kernel.request import Request
from ntscan.machinecode.kernel.state import Choices
from ntscan.machinecode.origin import Origin
from ntscan.machinecode.processor import Comparison


class Branch(Struct, frozen=True, gc=False):
    """A conditional branch that a run met.

    ``natural`` is where the values lead, ``taken`` where it went; ``touches`` counts the unknown
    words that had come into being. The garbage collector is told to pass it by, as it is for all
    that runs keep by the thousand and that can be part of no cycle.
    """

    address: int
    natural: bool
    taken: bool
    comparison: Comparison | None
    touches: int


class Course(Struct, frozen=True, kw_only=True):
    """How a run is steered.

    ``forced`` are branches, by their number in the run, and where they go; none after an IRP is
    allocated. A run that leaves the path to ``follow`` stops there; with ``only_follow``, so does
    one that has come to its end. ``steps`` is the number of instructions it may take, if not the
    budget's.
    """

    forced: Mapping[int, bool] = struct_field(default_factory=dict)
    follow: Sequence[tuple[int, bool]] = ()
    only_follow: bool = False
    steps: int | None = None


FREE: Final = Course()


@dataclass(slots=True, kw_only=True)
class Run:
    """What one run did.

    ``allocation`` is the number of branches before the first allocation of an IRP, or ``None``,
    and ``touches_before`` that of the unknown words; ``path`` is the branches and where they went.
    ``calls`` are the RVAs of the calls of imported routines that it made.
    ``unusual`` are words that the rest of the system decides, and hardly ever otherwise than by
    default; ``acted_on`` those that do more than answer the driver.
    ``ended`` says why the path could not be followed to a clean return; empty where it
    could. ``exhausted`` says that it goes on and on.
    """

    function: int
    assignment: Mapping[Origin, int]
    choices: Choices
    forced: bool = False
    branches: list[Branch] = field(default_factory=list)
    path: tuple[tuple[int, bool], ...] = ()
    touches: Sequence[Touch] = ()
    allocation: int | None = None
    touches_before: int = 0
    allocations: list[int] = field(default_factory=list)
    requests: tuple[Request, ...] = ()
    fast_io_answers: tuple[bool, ...] = ()
    doubts: tuple[str, ...] = ()
    unmodelled: tuple[str, ...] = ()
    calls: frozenset[int] = frozenset()
    unusual: frozenset[Origin] = frozenset()
    acted_on: frozenset[Origin] = frozenset()
    ended: str = ""
    exhausted: bool = False

    @property
    def clean_return(self) -> bool:
        """Whether the function returned with stack and preserved registers as they were."""
        return not self.ended

    @property
    def usual(self) -> bool:
        """Whether the rest of the system did nothing that it hardly ever does."""
        return not any(
            touch.origin in self.unusual and touch.origin in self.assignment
            for touch in self.touches
        )

    @property
    def natural(self) -> bool:
        """Whether no branch was forced."""
        return not self.forced
