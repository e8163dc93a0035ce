"""A lookaside list: freed blocks kept last-in, first-out, in front of the nonpaged pool.

The list's head is an SLIST_HEADER: Next (pointer), Depth (u16), Sequence (u16); the list's maximum
depth (u16) follows it. The link of an entry is the first four bytes of the freed block itself.
Sequence guards the interlocked instruction against another processor; here a push or a pop is one
indivisible step, and Sequence stays 0.
"""

from typing import Final

from ntscan.drivermodel.chain import Chain, walk
from ntscan.drivermodel.memory import Memory
from ntscan.drivermodel.pool import NonpagedPool

_DEPTH: Final = 4
_MAXIMUM_DEPTH: Final = 8

#: Bytes that the list's head takes.
HEAD_SIZE: Final = 0x10


class LookasideList:
    """ExAllocateFromNPagedLookasideList and ExFreeToNPagedLookasideList for blocks of one size."""

    __slots__ = ("_block_size", "_head", "_memory", "_pool")

    def __init__(
        self, memory: Memory, pool: NonpagedPool, *, head: int, block_size: int, maximum_depth: int
    ) -> None:
        self._memory = memory
        self._pool = pool
        self._head = head
        self._block_size = block_size
        memory.write(head, 0)
        memory.write(head + _DEPTH, 0)
        memory.write(head + _MAXIMUM_DEPTH, maximum_depth)

    def allocate(self) -> int:
        """Pop the first entry, or ask the pool for a block when the list is empty.

        Popping reads the entry's link: an entry that is not memory faults here.
        """
        entry = self._memory.read(self._head)
        if not entry:
            return self._pool.allocate(self._block_size)
        link = self._memory.read(entry)
        self._memory.write(self._head, link)
        self._memory.write(self._head + _DEPTH, (self.depth - 1) & 0xFFFF, 2)
        return entry

    def free(self, block: int) -> None:
        """Push a block, or give it to the pool when the list's depth is at its maximum."""
        if self.depth >= self._memory.read(self._head + _MAXIMUM_DEPTH, 2):
            self._pool.free(block)
            return
        self._memory.write(block, self._memory.read(self._head))
        self._memory.write(self._head, block)
        self._memory.write(self._head + _DEPTH, self.depth + 1, 2)

    @property
    def depth(self) -> int:
        """How many entries the list's own count claims."""
        return self._memory.read(self._head + _DEPTH, 2)

    def chain(self) -> Chain:
        """Follow the links of the list."""
        return walk(self._memory, self._memory.read(self._head), 0)
