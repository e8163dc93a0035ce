"""The memory of one run: the image, a stack, blocks, and what comes into being when touched.

A driver is run without the objects that it works on. A pointer that nobody gave gets a value of its
own, and what it points to comes into being, word by word, when it is touched: each word has a name
(its origin) and a value that no other has. An assignment gives chosen words other values.

It is kept as 32-bit words by address; a word is made when it is first touched.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from ntscan.machinecode.address_map import (
    BLOCKS,
    BLOCKS_END,
    IMPORTED_ROUTINES,
    IMPORTED_ROUTINES_END,
    INITIAL_STACK,
    KERNEL_STACK,
    KERNEL_STACK_END,
    PROCESSOR_CONTROL_REGION,
    ROUTINE_SPACING,
    SHARED_USER_DATA,
    UNKNOWN_OBJECTS,
    UNKNOWN_OBJECTS_END,
    WINDOW,
)
from ntscan.machinecode.blocks import Block, BlockKind, Blocks
from ntscan.machinecode.loader.loaded_image import Import, LoadedImage, LoadedSection
from ntscan.machinecode.origin import Origin, UnknownValues
from ntscan.machinecode.processor import MemoryFault

_ALIGNED: Final = 0xFFFFFFFC
_MOST_ARGUMENTS: Final = 16


class Touch(NamedTuple):
    """A word that came into being with a value that a caller or the system decides."""

    origin: Origin
    value: int


class AddressSpace:
    """Memory of one run; it is what a processor sees (``processor.Memory``)."""

    def __init__(self, image: LoadedImage) -> None:
        self.image = image
        self.unknown = UnknownValues()
        self.assignment: Mapping[Origin, int] = {}
        self.blocks = Blocks()
        self.touches: list[Touch] = []
        self.words: dict[int, int] = {}
        #: Called with a freed IRP that is touched.
        self.on_freed: Callable[[Block], None] = lambda _block: None
        #: The bytes of an argument on the stack of a run's first call.
        self.argument_size = 4
        self.arguments_in_registers = 0
        self._routines = tuple(image.imports.values())
        self._slots = {
            slot: IMPORTED_ROUTINES + number * ROUTINE_SPACING
            for number, slot in enumerate(image.imports)
        }
        self._code = tuple(
            (section.address, section.end) for section in image.sections if section.executable
        )

    def begin(self, assignment: Mapping[Origin, int]) -> None:
        """Begin another run: nothing is touched yet, and chosen words have values given."""
        self.assignment = assignment
        self.blocks = Blocks()
        self.touches = []
        self.words.clear()
        self.words.update(self._slots)

    # What a processor asks.

    def read(self, address: int, size: int) -> int:
        """Read an unsigned integer of 1, 2, 4 or 8 bytes."""
        if size == 4:  # noqa: PLR2004  a word
            word = self.words.get(address)
            if word is not None:
                return word
        base = address & _ALIGNED
        shift = (address - base) * 8
        value = self._word(base)
        for number in range(1, (shift + size * 8 + 31) // 32):
            value |= self._word(base + 4 * number) << (32 * number)
        return (value >> shift) & ((1 << 8 * size) - 1)

    def write(self, address: int, size: int, value: int) -> None:
        """Write the low bytes of an integer."""
        if size == 4 and address in self.words:  # noqa: PLR2004  a word
            self.words[address] = value & 0xFFFFFFFF
            return
        base = address & _ALIGNED
        shift = (address - base) * 8
        mask = ((1 << 8 * size) - 1) << shift
        value = (value << shift) & mask
        for number in range((shift + size * 8 + 31) // 32):
            part = (mask >> (32 * number)) & 0xFFFFFFFF
            self._store(base + 4 * number, (value >> (32 * number)) & 0xFFFFFFFF, part)

    def is_code(self, address: int) -> bool:
        """Say whether the image has executable bytes there; anything else leaves the image."""
        return any(begin <= address < end for begin, end in self._code)

    def fetch(self, address: int, length: int) -> bytes:
        """Read up to so many bytes of code: fewer where the section ends."""
        section = self.image.section_at(address)
        if section is None or not section.executable:
            raise MemoryFault(address, "no code at")
        return self.image.read(address, min(length, section.end - address)) or b""

    # What the kernel model asks.

    def read_bytes(self, address: int, length: int) -> bytes:
        """Read bytes."""
        return bytes(self.read(address + number, 1) for number in range(length))

    def write_bytes(self, address: int, data: bytes) -> None:
        """Write bytes."""
        for number, byte in enumerate(data):
            self.write(address + number, 1, byte)

    def routine_at(self, address: int) -> Import | None:
        """Name the imported routine that an address stands for."""
        if not IMPORTED_ROUTINES <= address < IMPORTED_ROUTINES_END:
            return None
        number, within = divmod(address - IMPORTED_ROUTINES, ROUTINE_SPACING)
        return self._routines[number] if within == 0 and number < len(self._routines) else None

    def allocate(self, kind: BlockKind, size: int, name: str) -> Block:
        """Make a block: an IRP's bytes are zero, and a pool block's unknown."""
        return self.blocks.allocate(kind, size, name)

    def free(self, block: Block) -> None:
        """Take a block's words away, so that each later touch of it is noticed."""
        block.freed = True
        for address in range(block.address, block.address + block.size, 4):
            word = self.words.pop(address, None)
            if word is not None:
                block.remains[address] = word

    def is_untouched(self, address: int) -> bool:
        """Say whether this run has neither read nor written the word at an address."""
        return address & _ALIGNED not in self.words

    def given(self, origin: Origin) -> int:
        """Give the value of an unknown that lies in no memory: an argument, a routine's answer."""
        return self._value(origin)

    # Words.

    def _word(self, address: int) -> int:
        word = self.words.get(address)
        return self._make(address) if word is None else word

    def _store(self, address: int, value: int, mask: int) -> None:
        block = self._freed_block(address)
        words = self.words if block is None else block.remains
        if mask == 0xFFFFFFFF and block is None and address in words:
            words[address] = value
            return
        old = self._word(address) if mask != 0xFFFFFFFF else self._refuse_unwritable(address)
        words[address] = (old & ~mask) | value

    def _refuse_unwritable(self, address: int) -> int:
        section = self.image.section_at(address)
        if section is not None and (section.executable or not section.writable):
            raise MemoryFault(address, "a write to read-only memory at")
        if section is None:
            self._origin(address)
        return 0

    def _freed_block(self, address: int) -> Block | None:
        if not BLOCKS <= address < BLOCKS_END:
            return None
        block = self.blocks.at(address)
        if block is None or not block.freed:
            return None
        if block.kind is BlockKind.IRP:
            self.on_freed(block)
        return block

    def _make(self, address: int) -> int:
        block = self._freed_block(address)
        if block is not None:
            return block.remains.get(address, 0)
        section = self.image.section_at(address)
        if section is not None:
            word = self._image_word(section, address)
        else:
            origin = self._origin(address)
            word = 0 if origin is None else self._value(origin)
        self.words[address] = word
        return word

    def _image_word(self, section: LoadedSection, address: int) -> int:
        length = min(4, section.end - address)
        stored = int.from_bytes(self.image.read(address, length) or b"", "little")
        if not section.writable or section.executable:
            return stored
        origin = Origin("image", (address - self.image.base,))
        return self._value(origin, stored or None)

    def _value(self, origin: Origin, default: int | None = None) -> int:
        value = self.assignment.get(origin, default)
        if value is None:
            value = self.unknown.value(origin)
        if origin.given:
            self.touches.append(Touch(origin, value))
        return value

    def _origin(self, address: int) -> Origin | None:
        """Name an address outside the image; ``None`` for a block that begins as zeros."""
        if UNKNOWN_OBJECTS <= address < UNKNOWN_OBJECTS_END:
            found = self.unknown.behind(address)
            if found is not None:
                return found[0].at(found[1])
        elif INITIAL_STACK <= address < KERNEL_STACK_END:
            return self._argument(address - INITIAL_STACK)
        elif KERNEL_STACK <= address < INITIAL_STACK:
            return Origin("stack", (address - KERNEL_STACK,), given=False)
        elif BLOCKS <= address < BLOCKS_END:
            block = self.blocks.at(address)
            if block is not None:
                if block.kind is BlockKind.IRP:
                    return None
                return Origin(block.name, (address - block.address,), given=False)
        elif SHARED_USER_DATA <= address < SHARED_USER_DATA + 0x1000:
            return Origin("KUSER_SHARED_DATA", (address - SHARED_USER_DATA,))
        elif PROCESSOR_CONTROL_REGION <= address < PROCESSOR_CONTROL_REGION + 0x1000:
            return Origin("KPCR", (address - PROCESSOR_CONTROL_REGION,))
        elif IMPORTED_ROUTINES <= address < IMPORTED_ROUTINES_END:
            routine = self.routine_at(address & ~(ROUTINE_SPACING - 1))
            if routine is not None:
                offset = address % ROUTINE_SPACING
                return Origin(str(routine.name), (offset,))
        raise MemoryFault(address, "nothing lies at")

    def _argument(self, offset: int) -> Origin:
        """Name a word of the frame above a run's first call."""
        number, within = divmod(offset, self.argument_size)
        given = within == 0 and number < _MOST_ARGUMENTS
        return Origin(f"arg{number + self.arguments_in_registers}", given=given)
