"""What the instructions work on: registers, flags, and memory with an eye on its code."""

from collections.abc import Callable
from typing import Final, TypeAlias

from ntscan.machinecode.i386.flags import DIRECTION, Flags, flags_of_word, word_of_flags
from ntscan.machinecode.processor import BranchHook, Comparison, Memory

EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI = range(8)
MASK: Final = 0xFFFFFFFF
#: The most bytes that an instruction may have, prefixes included.
LONGEST_INSTRUCTION: Final = 15

#: An instruction that has been decoded: does its work and returns the next one's address.
Step: TypeAlias = Callable[[], int]

# Bit 1 of EFLAGS is always set, and so is IF here: interrupts are not modelled.
_CONSTANT_FLAGS: Final = 0x0202


class UnsupportedInstructionError(Exception):
    """An instruction outside the subset; its message names it."""


class ProcessorFaultError(Exception):
    """A fault other than of memory; its message names it."""


class State:
    """The registers and the memory of one processor.

    ``registers`` are EAX, ECX, EDX, EBX, ESP, EBP, ESI and EDI, unsigned. ``step`` is 1 or -1, by
    the direction flag. ``fs_base`` is where FS begins: the KPCR.
    """

    def __init__(self, memory: Memory, *, stack_top: int, fs_base: int) -> None:
        self.memory = memory
        self.words = memory.words
        self.read = memory.read
        self.write = memory.write
        self.registers = [0] * 8
        self.registers[ESP] = stack_top
        self.flags: Flags = flags_of_word(0)
        self.step = 1
        self.fs_base = fs_base
        self.program_counter = 0
        self.branch_hook: BranchHook | None = None
        self.compared: Comparison | None = None

    def push(self, value: int) -> None:
        """Push 32 bits; ESP moves only when they could be written."""
        top = (self.registers[ESP] - 4) & MASK
        if top in self.words:
            self.words[top] = value
        else:
            self.write(top, 4, value)
        self.registers[ESP] = top

    def pop(self) -> int:
        """Pop 32 bits."""
        top = self.registers[ESP]
        value = self.read(top, 4)
        self.registers[ESP] = (top + 4) & MASK
        return value

    def eflags(self) -> int:
        """Return the low word of EFLAGS."""
        direction = DIRECTION if self.step < 0 else 0
        return word_of_flags(self.flags) | direction | _CONSTANT_FLAGS

    def set_eflags(self, word: int) -> None:
        """Take the status and direction flags from a word."""
        self.flags = flags_of_word(word)
        self.step = -1 if word & DIRECTION else 1

    def asked(self, address: int, taken: bool) -> bool:
        """Ask the branch hook where a conditional branch goes, or what SETcc and its like find."""
        if self.branch_hook is None:
            return taken
        self.program_counter = address
        return self.branch_hook(address, taken)
