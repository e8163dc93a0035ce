"""Where a run through an image's code begins: the functions that allocate IRPs, and their callers.

The finders of each machine give these: ``ntscan.machinecode.i386.start_points`` and its like.
"""

from collections.abc import Container, Mapping
from typing import Final

from msgspec import Struct, field

#: The routines that allocate an IRP (ntddk.h); each returns its address, or NULL.
ALLOCATING_ROUTINES: Final = (
    "IoAllocateIrp",
    "IoBuildAsynchronousFsdRequest",
    "IoBuildDeviceIoControlRequest",
    "IoBuildSynchronousFsdRequest",
)
#: Those that free one, or make one out of something else.
FREEING_ROUTINES: Final = ("IoFreeIrp", "IoInitializeIrp", "IoMakeAssociatedIrp")

#: Why nothing is run of an image without a start point.
NOTHING_TO_RUN: Final = "it has no code that was found to allocate an IRP"
#: How many calls up from an allocation a run may begin: the caller, and the caller's caller.
MOST_CALLS_UP: Final = 2


class StartPoint(Struct, frozen=True, kw_only=True):
    """A function from which an allocation of an IRP can be reached.

    ``function`` is its address, ``allocations`` those of the instructions that call the allocating
    routine, and ``depth`` how many calls lie between: 0 where the function itself allocates, 1 in
    a caller of it, 2 in a caller's caller. Finders give the innermost functions first.
    """

    function: int
    allocations: tuple[int, ...]
    depth: int


class Survey(Struct, frozen=True, kw_only=True):
    """What is seen of an image's code without running it.

    ``frees`` are the RVAs of the calls of FREEING_ROUTINES, each with the addresses of the
    instructions of its function. ``loose`` are the RVAs of places where the address of one of those
    routines, or of an allocating one, goes elsewhere than into a call that was found. ``named`` are
    the addresses of functions that can be reached otherwise than by a call of their address: the
    image holds it, or exports it. ``callers`` are the functions that call each function.
    """

    points: tuple[StartPoint, ...] = ()
    frees: Mapping[int, Container[int]] = field(default_factory=dict)
    loose: tuple[int, ...] = ()
    named: frozenset[int] = frozenset()
    callers: Mapping[int, frozenset[int]] = field(default_factory=dict)
