"""Where a run through an image's code begins: the functions that allocate IRPs, and their callers.

The finders of each machine give these: ``ntscan.machinecode.i386.start_points`` and its like.
"""

from dataclasses import dataclass
from typing import Final

#: The routines that allocate an IRP (ntddk.h); each returns its address, or NULL.
ALLOCATING_ROUTINES: Final = ("IoAllocateIrp",)

#: How many calls up from an allocation a run may begin: the caller, and the caller's caller.
MOST_CALLS_UP: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPoint:
    """A function from which an allocation of an IRP can be reached.

    ``function`` is its address, ``allocations`` those of the instructions that call the allocating
    routine, and ``depth`` how many calls lie between: 0 where the function itself allocates, 1 in
    a caller of it, 2 in a caller's caller. Finders give the innermost functions first.
    """

    function: int
    allocations: tuple[int, ...]
    depth: int
