"""How modelled code runs: routines are sequences of steps, and a step is indivisible.

Between any two steps another thread may run, as on a machine with several processors. A thread's
whole state is a stack of frames, so that it can be copied, compared and resumed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from msgspec import Struct

from ntscan.drivermodel.bugcheck import Irql
from ntscan.drivermodel.story import Lane

if TYPE_CHECKING:
    from ntscan.drivermodel.kernel import Kernel


class Control(Enum):
    """What a step answers when it neither calls a routine nor returns from its own."""

    NEXT = "go on with the next step"
    BLOCKED = "nothing happened: the thread waits here"


class Goto(NamedTuple):
    """Go on with the step of this index."""

    step: int


class Return(NamedTuple):
    """Return from the routine with this value: an NTSTATUS, or an address."""

    value: int


class LockRequest(NamedTuple):
    """A byte-range lock or unlock request of a Macintosh client; offset and length in bytes."""

    client: int
    fork: int  # address of the fork's file object
    offset: int
    length: int


@dataclass(slots=True, eq=False)
class Frame:
    """One activation of a routine: where it stands, and its arguments and variables."""

    routine: "Routine"
    irp: int = 0
    context: int = 0  # address of the block on the requester's kernel stack; names the requester
    request: LockRequest | None = None
    location: int = 0  # address of the IO_STACK_LOCATION in hand
    status: int = 0
    result: int = 0  # what the routine called last returned
    step: int = 0

    def freeze(self) -> "FrozenFrame":
        """Give the frame's whole state as a value that can be compared, hashed and thawed."""
        return (
            self.routine,
            self.irp,
            self.context,
            self.request,
            self.location,
            self.status,
            self.result,
            self.step,
        )


FrozenFrame: TypeAlias = tuple["Routine", int, int, LockRequest | None, int, int, int, int]
#: Steps that touch nothing but their own frame: no other thread can see when they are taken.
PRIVATE_STEPS: Final[set["Step"]] = set()


def private(step: "Step") -> "Step":
    """Mark a step that touches nothing but its own frame."""
    PRIVATE_STEPS.add(step)
    return step


Answer: TypeAlias = Control | Frame | Goto | Return
Step: TypeAlias = Callable[["Kernel", Frame], Answer]


class Routine(Struct, frozen=True, kw_only=True, eq=False):
    """A routine of the kernel or of a driver, at the address where it is said to be loaded."""

    name: str
    address: int
    lane: Lane
    steps: tuple[Step, ...]


class FastIoRoutine(Struct, frozen=True, kw_only=True, eq=False):
    """A Fast I/O routine: one indivisible call, without an IRP.

    ``answer`` gives None for TRUE, or the reason for FALSE.
    """

    name: str
    address: int
    answer: Callable[["Kernel", LockRequest], str | None]


@dataclass(slots=True, eq=False)
class Thread:
    """A thread, a DPC or an APC: frames, innermost last, and the IRQL that it runs at."""

    name: str
    irql: Irql
    frames: list[Frame]

    def freeze(self) -> "FrozenThread":
        """Give the thread's whole state as a value that can be compared, hashed and thawed."""
        return self.name, self.irql, tuple([frame.freeze() for frame in self.frames])

    @classmethod
    def thaw(cls, frozen: "FrozenThread") -> "Thread":
        """Make a thread that goes on where the frozen one stood."""
        name, irql, frames = frozen
        return cls(name, irql, [Frame(*frame) for frame in frames])


FrozenThread: TypeAlias = tuple[str, Irql, tuple[FrozenFrame, ...]]
