"""The memory of one run: the image, a stack, blocks, and what comes into being when touched.

A driver is run without the objects that it works on. A pointer that nobody gave gets a value of its
own, and what it points to comes into being, word by word, when it is touched: each word has a name
(its origin) and a value that no other has. An assignment gives chosen words other values.

It is kept as 32-bit words by address; a word is made when it is first touched.
"""

from collections.abc import Callable, Mapping
from itertools import repeat
from typing import Final

from msgspec import Struct

from ntscan.machinecode.address_map import (
    BLOCKS,
    BLOCKS_END,
    IMPORTED_ROUTINES,
    KERNEL_STACK,
    KERNEL_STACK_END,
    ROUTINE_SPACING,
)
from ntscan.machinecode.blocks import Block, BlockKind, Blocks
from ntscan.machinecode.loader.loaded_image import LoadedImage, LoadedSection
from ntscan.machinecode.origin import Origin, UnknownValues
from ntscan.machinecode.places import Places
from ntscan.machinecode.processor import MemoryFault

_WORD_SIZE: Final = 4
_PAIR_SIZE: Final = 8
_BITS: Final = 32
_WORD: Final = 0xFFFFFFFF
_ALIGNED: Final = 0xFFFFFFFC
#: Unknown words that are remembered for later runs.
_MOST_KEPT: Final = 100_000
_NOTHING: Final = "nothing lies at"


class Touch(Struct, frozen=True, gc=False):
    """A word that came into being with a value that a caller or the system decides."""

    origin: Origin
    value: int


class AddressSpace:
    """Memory of one run; it is what a processor sees (``processor.Memory``)."""

    def __init__(self, image: LoadedImage) -> None:
        self.image = image
        self.places = Places(image)
        self.words: dict[int, int] = {}
        self._constants: dict[int, int] = {}
        #: What words outside the image are where nothing else was chosen; the same in each run.
        self._unknown: dict[int, Touch] = {}
        self.touches: list[Touch] = []
        #: Called with a freed IRP that is touched.
        self.on_freed: Callable[[Block], None] = lambda _block: None
        #: The RVAs of calls by the addresses that they return to, as far as they were asked for.
        self.call_sites: dict[int, int] = {}
        self._assignment: Mapping[Origin, int] = {}
        self._open: dict[int, tuple[Origin, int]] = {}
        self._slots = {
            slot: IMPORTED_ROUTINES + number * ROUTINE_SPACING
            for number, slot in enumerate(image.imports)
        }
        self._code = tuple(
            (section.address, section.end) for section in image.sections if section.executable
        )

    def begin(self, assignment: Mapping[Origin, int]) -> None:
        """Begin another run: nothing is touched yet, and chosen words have values given."""
        self._assignment = assignment
        if len(self._unknown) > _MOST_KEPT:
            self._unknown.clear()
        self.places.blocks = Blocks()
        self.touches = []
        self._open.clear()
        self.words.clear()
        self.words.update(self._slots)

    def forget(self) -> None:
        """Begin anew to give unknown values; those so far mean nothing to later runs."""
        self.places.unknown = UnknownValues()
        self._unknown.clear()

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

    def is_code(self, address: int) -> bool:
        """Say whether the image has executable bytes there; anything else leaves the image."""
        for begin, end in self._code:  # noqa: SIM110  asked at each call, and any() takes longer
            if begin <= address < end:
                return True
        return False

    def fetch(self, address: int, length: int) -> bytes:
        """Read up to so many bytes of code: fewer where the section ends."""
        section = self.image.section_at(address)
        if section is None or not section.executable:
            raise MemoryFault(address, "no code at")
        return self.image.read(address, min(length, section.end - address)) or b""

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
        return self._value(origin, default)

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
        if address in self._unknown:
            return self._again(address)
        block = self._freed_block(address)
        if block is not None:
            return block.remains.get(address, 0)
        if address in self._open:
            self.words[address] = word = self._value(*self._open.pop(address))
            return word
        section = self._section_at(address)
        if section is not None and not _is_changeable(section):
            return self._constant(section, address)
        word = self._outside(address) if section is None else self._variable(section, address)
        self.words[address] = word
        return word

    def _constant(self, section: LoadedSection, address: int) -> int:
        word = self._constants.get(address)
        if word is None:
            word = self._constants[address] = self._stored(section, address)
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
        section = self._section_at(address)
        if section is None:
            if not self.places.holds(address):
                raise MemoryFault(address, _NOTHING)
        elif not _is_changeable(section):
            raise MemoryFault(address, "a write to read-only memory at")

    def _section_at(self, address: int) -> LoadedSection | None:
        base = self.image.base
        if not base <= address < base + self.image.size:
            return None
        return self.image.section_at(address)

    def _freed_block(self, address: int) -> Block | None:
        if not BLOCKS <= address < BLOCKS_END:
            return None
        block = self.block_at(address)
        if block is None or not block.freed:
            return None
        if block.kind is BlockKind.IRP:
            self.on_freed(block)
        return block

    def _stored(self, section: LoadedSection, address: int) -> int:
        length = min(4, section.end - address)
        return int.from_bytes(self.image.read(address, length) or b"", "little")

    def _variable(self, section: LoadedSection, address: int) -> int:
        """Give a variable of the image; one that begins as zero may have any value by now."""
        origin = Origin("image", (address - self.image.base,))
        return self._value(origin, self._stored(section, address) or None)

    def _again(self, address: int) -> int:
        """Give a word that an earlier run has named, by its own value if no other was chosen."""
        touch = self._unknown[address]
        value = self._assignment.get(touch.origin)
        if value is not None:
            touch = Touch(touch.origin, value)
        if touch.origin.given:
            self.touches.append(touch)
        self.words[address] = touch.value
        return touch.value

    def _outside(self, address: int) -> int:
        origin = self._origin(address)
        value = self._value(origin)
        # Where a block lies, another may lie in another run.
        if origin not in self._assignment and not BLOCKS <= address < BLOCKS_END:
            self._unknown[address] = Touch(origin, value)
        return value

    def _value(self, origin: Origin, default: int | None = None) -> int:
        value = self._assignment.get(origin, default)
        if value is None:
            value = self.places.unknown.value(origin)
        if origin.given:
            self.touches.append(Touch(origin, value))
        return value

    def _origin(self, address: int) -> Origin:
        origin = self.places.origin(address)
        if origin is None:
            raise MemoryFault(address, _NOTHING)
        return origin


def _is_stack(address: int, size: int) -> bool:
    """Say whether whole words of the stack lie at an address."""
    return KERNEL_STACK <= address <= KERNEL_STACK_END - size and not address & 3


def _is_changeable(section: LoadedSection) -> bool:
    return section.writable and not section.executable
