"""Nonpaged pool: one page of blocks, each behind a POOL_HEADER, free ones on lists by size.

POOL_HEADER, 8 bytes: PreviousSize, PoolIndex, PoolType, BlockSize (one byte each, sizes in units of
the granularity), PoolTag. A free block's PoolType is 0, and its first eight bytes after the header
are the LIST_ENTRY (Flink, Blink) of the free list of its size. No public header of NT 4.0 shows any
of this: it is the model's assumption, as are first fit, splitting and merging.
"""

from typing import Final

from ntscan.drivermodel.bugcheck import BugCheckError, Irql, StopCode
from ntscan.drivermodel.chain import Chain, walk
from ntscan.drivermodel.layouts import Layouts
from ntscan.drivermodel.memory import Memory
from ntscan.drivermodel.processor import Processor

_HEADER_SIZE: Final = 8
_PREVIOUS_SIZE: Final = 0
_POOL_TYPE: Final = 2
_BLOCK_SIZE: Final = 3
_POOL_TAG: Final = 4
_IN_USE: Final = 1  # NonPagedPool + 1
_BLINK: Final = 4
_TAG_IRP: Final = int.from_bytes(b"Irp ", "little")

#: A page holds this many units on both platforms, so a block's size fits in a byte.
UNITS: Final = 128
#: Bytes of the pool descriptor: one LIST_ENTRY for every block size from 0 to a whole page.
DESCRIPTOR_SIZE: Final = (UNITS + 1) * 8


class NonpagedPool:
    """ExAllocatePool and ExFreePool over one page; the lists' heads lie at ``descriptor``."""

    __slots__ = ("_descriptor", "_end", "_granularity", "_memory", "_page", "_processor")

    def __init__(
        self, memory: Memory, processor: Processor, layouts: Layouts, *, page: int, descriptor: int
    ) -> None:
        self._memory = memory
        self._processor = processor
        self._granularity = layouts.pool_granularity
        self._page = page
        self._end = page + layouts.page_size
        self._descriptor = descriptor
        for units in range(UNITS + 1):
            head = self._head(units)
            memory.write(head, head)
            memory.write(head + _BLINK, head)
        memory.write(page + _BLOCK_SIZE, UNITS, 1)
        self._insert(page)

    def allocate(self, size: int) -> int:
        """Give the address of a block of at least ``size`` bytes; 0 when no block is free."""
        irql, self._processor.irql = self._processor.irql, Irql.DISPATCH_LEVEL
        units = -(-(size + _HEADER_SIZE) // self._granularity)
        block = self._remove_first_fit(units)
        if block:
            self._split(block, units)
            self._memory.write(block + _POOL_TYPE, _IN_USE, 1)
            self._memory.write(block + _POOL_TAG, _TAG_IRP)
        self._processor.irql = irql
        return block and block + _HEADER_SIZE

    def free(self, address: int) -> None:
        """Free a block and merge it with free neighbours; stop with 0x19 on a damaged header."""
        irql, self._processor.irql = self._processor.irql, Irql.DISPATCH_LEVEL
        block = address - _HEADER_SIZE
        self._check(block)
        self._memory.write(block + _POOL_TYPE, 0, 1)
        following = self._following(block)
        if following and self._is_free(following):
            self._unlink(following)
            self._resize(block, self._size(block) + self._size(following))
        previous = self._memory.read(block + _PREVIOUS_SIZE, 1)
        if previous and self._is_free(block - previous * self._granularity):
            front = block - previous * self._granularity
            self._unlink(front)
            self._resize(front, previous + self._size(block))
            block = front
        self._insert(block)
        self._processor.irql = irql

    def chain(self, size: int) -> Chain:
        """Follow the links of the free list that a request for ``size`` bytes is served from."""
        head = self._head(-(-(size + _HEADER_SIZE) // self._granularity))
        return walk(self._memory, self._memory.read(head), head)

    def _check(self, block: int) -> None:
        size = self._size(block)
        following = self._following(block)
        previous = self._memory.read(block + _PREVIOUS_SIZE, 1)
        front = block - previous * self._granularity
        if (
            size == 0
            or (following and self._memory.read(following + _PREVIOUS_SIZE, 1) != size)
            or (previous and self._size(front) != previous)
        ):
            raise BugCheckError(
                StopCode.BAD_POOL_HEADER,
                f"the header at {block:#010x} and its neighbours' disagree about their sizes",
            )

    def _remove_first_fit(self, units: int) -> int:
        for size in range(units, UNITS + 1):
            head = self._head(size)
            entry = self._memory.read(head)
            if entry != head:
                following = self._memory.read(entry)
                self._memory.write(head, following)
                self._memory.write(following + _BLINK, head)
                return entry - _HEADER_SIZE
        return 0

    def _split(self, block: int, units: int) -> None:
        size = self._size(block)
        if size > units:
            rest = block + units * self._granularity
            self._memory.write_bytes(rest, bytes(_HEADER_SIZE))
            self._resize(rest, size - units)
            self._resize(block, units)
            self._insert(rest)

    def _insert(self, block: int) -> None:
        """InsertHeadList on the free list of the block's size."""
        entry, head = block + _HEADER_SIZE, self._head(self._size(block))
        first = self._memory.read(head)
        self._memory.write(entry, first)
        self._memory.write(entry + _BLINK, head)
        self._memory.write(first + _BLINK, entry)
        self._memory.write(head, entry)

    def _unlink(self, block: int) -> None:
        """RemoveEntryList: believes the block's own Flink and Blink."""
        flink = self._memory.read(block + _HEADER_SIZE)
        blink = self._memory.read(block + _HEADER_SIZE + _BLINK)
        self._memory.write(blink, flink)
        self._memory.write(flink + _BLINK, blink)

    def _resize(self, block: int, units: int) -> None:
        self._memory.write(block + _BLOCK_SIZE, units, 1)
        following = self._following(block)
        if following:
            self._memory.write(following + _PREVIOUS_SIZE, units, 1)

    def _following(self, block: int) -> int:
        following = block + self._size(block) * self._granularity
        return following if following < self._end else 0

    def _is_free(self, block: int) -> bool:
        return self._memory.read(block + _POOL_TYPE, 1) == 0

    def _size(self, block: int) -> int:
        return self._memory.read(block + _BLOCK_SIZE, 1)

    def _head(self, units: int) -> int:
        return self._descriptor + units * 8
