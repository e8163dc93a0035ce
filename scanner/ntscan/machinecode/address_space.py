"""The memory of one run: the image, a stack, blocks, and what comes into being when touched.

A driver is run without the objects that it works on. A pointer that nobody gave gets a value of its
own, and what it points to comes into being, word by word, when it is touched: each word has a name
(its origin) and a value that no other has. An assignment gives chosen words other values.

It is kept as 32-bit words by address; a word is made when it is first touched.
"""

from collections.abc import Callable, Mapping
from itertools import repeat
from typing import Final

from ntscan.machinecode.address_map import (
    BLOCKS,
    BLOCKS_END,
    KERNEL_STACK,
    KERNEL_STACK_END,
)
from ntscan.machinecode.blocks import Block, BlockKind, Blocks
from ntscan.machinecode.image_memory import ImageMemory, is_changeable
from ntscan.machinecode.inputs import Inputs
from ntscan.machinecode.loader.loaded_image import LoadedImage, LoadedSection
from ntscan.machinecode.origin import Origin
from ntscan.machinecode.places import Places
from ntscan.machinecode.processor import MemoryFault

_WORD_SIZE: Final = 4
_PAIR_SIZE: Final = 8
_BITS: Final = 32
_WORD: Final = 0xFFFFFFFF
_ALIGNED: Final = 0xFFFFFFFC


class AddressSpace:
    """Memory of one run; it is what a processor sees (``processor.Memory``)."""

    def __init__(self, image: LoadedImage) -> None:
        self.image = image
        self.places = Places(image)
        self.inputs = Inputs(self.places)
        self.words: dict[int, int] = {}
        #: Called with a freed IRP that is touched.
        self.on_freed: Callable[[Block], None] = lambda _block: None
        #: The RVAs of calls by the addresses that they return to, as far as they were asked for.
        self.call_sites: dict[int, int] = {}
        self._of_image = ImageMemory(image)
        self._open: dict[int, tuple[Origin, int]] = {}
        #: Of code, as ``processor.Memory`` has them.
        self.is_code, self.fetch = self._of_image.is_code, self._of_image.fetch

    def begin(self, assignment: Mapping[Origin, int]) -> None:
        """Begin another run: nothing is touched yet, and chosen words have values given."""
        self.inputs.begin(assignment)
        self.places.blocks = Blocks()
        self._open.clear()
        self.words.clear()
        self.words.update(self._of_image.slots)

    # What a processor asks.

    def read(self, address: int, size: int) -> int:
        """Read an unsigned integer of 1, 2, 4 or 8 bytes."""
        if size == _WORD_SIZE:
            word = self.words.get(address)
            if word is not None:
                return word
        base, shift = address & _ALIGNED, (address & 3) * 8
        bits = shift + size * 8
        value = self.words.get(base)
        if value is None:
            value = self._word(base)
        if bits > _BITS:
            value |= self._word(base + 4) << _BITS
        if bits > 2 * _BITS:
            value |= self._word(base + 8) << 2 * _BITS
        return (value >> shift) & ((1 << 8 * size) - 1)

    def write(self, address: int, size: int, value: int) -> None:
        """Write the low bytes of an integer."""
        words = self.words
        if size == _WORD_SIZE and (address in words or _is_stack(address, size)):
            words[address] = value & _WORD
            return
        if size == _PAIR_SIZE and (
            (address in words and address + 4 in words) or _is_stack(address, size)
        ):
            words[address], words[address + 4] = value & _WORD, value >> _BITS & _WORD
            return
        base, shift = address & _ALIGNED, (address & 3) * 8
        mask = ((1 << 8 * size) - 1) << shift
        value = (value << shift) & mask
        if mask <= _WORD and base in words:
            words[base] = words[base] & ~mask | value
            return
        self._store(base, value & _WORD, mask & _WORD)
        if mask > _WORD:
            self._store(base + 4, value >> _BITS & _WORD, mask >> _BITS & _WORD)
        if mask >> 2 * _BITS:
            self._store(base + 8, value >> 2 * _BITS, mask >> 2 * _BITS)

    # What the kernel model asks.

    def read_bytes(self, address: int, length: int) -> bytes:
        """Read bytes."""
        if address % 4 == 0:
            words = (self.read(address + at, 4) for at in range(0, length & ~3, 4))
            whole = b"".join(word.to_bytes(4, "little") for word in words)
        else:
            whole = b""
        rest = range(address + len(whole), address + length)
        return whole + bytes(self.read(at, 1) for at in rest)

    def write_bytes(self, address: int, data: bytes) -> None:
        """Write bytes."""
        whole = len(data) & ~3 if address % 4 == 0 else 0
        for at in range(0, whole, 4):
            self.write(address + at, 4, int.from_bytes(data[at : at + 4], "little"))
        for at in range(whole, len(data)):
            self.write(address + at, 1, data[at])

    def given(self, origin: Origin, default: int | None = None) -> int:
        """Give the value of an unknown that lies in no memory: an argument, a routine's answer.

        ``default`` is what it is where nothing else was chosen; without, a value of its own.
        """
        return self.inputs.value(origin, default)

    def leave_open(self, address: int, origin: Origin) -> None:
        """Let others have changed a word: it is as it was, unless its origin is given a value."""
        self._open[address] = origin, self._word(address)
        self.words.pop(address)

    def is_untouched(self, address: int) -> bool:
        """Say whether this run has neither read nor written the word at an address."""
        return address & _ALIGNED not in self.words

    def allocate(self, kind: BlockKind, size: int, name: str) -> Block:
        """Make a block, whose bytes are unknown."""
        return self.places.blocks.allocate(kind, size, name)

    def clear(self, block: Block) -> None:
        """Fill a block, which is not freed, with zeros."""
        self.words.update(dict.fromkeys(range(block.address, block.address + block.size, 4), 0))

    def block_at(self, address: int) -> Block | None:
        """Return the block that an address lies in."""
        return self.places.blocks.at(address)

    def free(self, block: Block) -> None:
        """Take a block's words away, so that each later touch of it is noticed."""
        block.freed = True
        words, addresses = self.words, range(block.address, block.address + block.size, 4)
        if block.kind is BlockKind.IRP:  # which is cleared when it is made: few words are missing
            block.remains = dict(zip(addresses, map(words.pop, addresses, repeat(0)), strict=True))
        else:
            block.remains = {at: words.pop(at) for at in addresses if at in words}

    def contents(self) -> object:
        """Copy all that memory holds; the copies of two moments are equal where it is the same."""
        return dict(self.words), self.places.blocks.remains()

    # Words.

    def _word(self, address: int) -> int:
        word = self.words.get(address)
        if word is not None:
            return word
        block = self._freed_block(address)
        if block is not None:
            return block.remains.get(address, 0)
        if address in self._open:
            self.words[address] = word = self.inputs.value(*self._open.pop(address))
            return word
        section = self._of_image.section_at(address)
        if section is None:
            word = self.inputs.word(address)
        elif is_changeable(section):
            word = self._variable(section, address)
        elif section.writable:
            # Code that others may have written to: what is read there is not taken for constant.
            return self._variable(section, address)
        else:
            return self._of_image.constant(section, address)
        self.words[address] = word
        return word

    def _store(self, address: int, value: int, mask: int) -> None:
        words = self.words
        if address not in words:
            block = self._freed_block(address)
            if block is not None:
                words = block.remains
            if address not in words:
                self._refuse_unwritable(address)
        old = 0 if mask == _WORD else self._word(address)
        words[address] = (old & ~mask) | value

    def _refuse_unwritable(self, address: int) -> None:
        section = self._of_image.section_at(address)
        if section is None:
            if not self.places.holds(address):
                raise MemoryFault(address, "nothing lies at")
        elif not is_changeable(section):
            raise MemoryFault(address, "a write to read-only memory at")

    def _freed_block(self, address: int) -> Block | None:
        if not BLOCKS <= address < BLOCKS_END:
            return None
        block = self.block_at(address)
        if block is None or not block.freed:
            return None
        if block.kind is BlockKind.IRP:
            self.on_freed(block)
        return block

    def _variable(self, section: LoadedSection, address: int) -> int:
        """Give a variable of the image; one that begins as zero may have any value by now."""
        origin = Origin("image", (address - self.image.base,))
        return self.inputs.value(origin, self._of_image.initial(section, address) or None)


def _is_stack(address: int, size: int) -> bool:
    """Say whether whole words of the stack lie at an address."""
    return KERNEL_STACK <= address <= KERNEL_STACK_END - size and not address & 3
