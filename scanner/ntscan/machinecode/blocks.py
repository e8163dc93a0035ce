"""The blocks that a run allocates: pool, and IRPs."""

from dataclasses import dataclass, field
from enum import StrEnum

from ntscan.machinecode.address_map import BLOCKS, BLOCKS_END, INTO_BLOCK, WINDOW
from ntscan.machinecode.processor import MemoryFault


class BlockKind(StrEnum):
    """What a block is."""

    IRP = "IRP"
    POOL = "pool block"


@dataclass(slots=True)
class Block:
    """An allocated block. After it is freed, ``remains`` holds its words by address."""

    kind: BlockKind
    address: int
    size: int
    name: str
    freed: bool = False
    remains: dict[int, int] = field(default_factory=dict)


class Blocks:
    """Every block of a run; each lies alone, so that no address is ever used twice."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._by_window: dict[int, Block] = {}
        self._next = BLOCKS

    def allocate(self, kind: BlockKind, size: int, name: str) -> Block:
        """Make a block of so many bytes; raises MemoryFault where space has run out."""
        address = self._next + INTO_BLOCK
        end = address + size
        self._next = (end + 2 * WINDOW - 1) // WINDOW * WINDOW
        if self._next > BLOCKS_END:
            raise MemoryFault(address, "no space is left for a block at")
        block = Block(kind, address, size, name)
        self._blocks.append(block)
        for window in range(address // WINDOW, self._next // WINDOW):
            self._by_window[window] = block
        return block

    def remains(self) -> list[dict[int, int]]:
        """Copy what is in the blocks that were freed."""
        return [dict(block.remains) for block in self._blocks if block.freed]

    def at(self, address: int) -> Block | None:
        """Return the block that an address lies in."""
        block = self._by_window.get(address // WINDOW)
        if block is None or not block.address <= address < block.address + block.size:
            return None
        return block
