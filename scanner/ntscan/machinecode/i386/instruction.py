"""An instruction while it is decoded: its prefixes, its bytes in order, and its operands.

Encodings: Intel, "Software Developer's Manual", volume 2, chapter 2 and appendix A.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from ntscan.machinecode.i386.operands import Address, Operand, memory_operand, register_operand
from ntscan.machinecode.i386.state import (
    EBP,
    ESP,
    LONGEST_INSTRUCTION,
    MASK,
    ProcessorFaultError,
    State,
    Step,
    UnsupportedInstructionError,
)

_REGISTER_MODE: Final = 3
_DISPLACEMENT_32: Final = 2
_NARROW: Final = 2
# The mode and the lowest bits of a ModRM byte that a 16-bit address alone follows.
_NARROW_CONSTANT: Final = (0, 6)


class Instruction:
    """The bytes of one instruction, taken one after the other.

    ``size`` is that of its operands, 4 bytes or 2 by prefix. ``repeat`` is 0, 0xF2 or 0xF3.
    ``segment`` is the base that a segment prefix adds to addresses. ``address_size`` is 4 bytes, or
    2 by prefix: of such, only a constant address is known (``names_narrow_address``), with which
    Microsoft's SEH prologs reach FS:[0].
    """

    def __init__(self, state: State, address: int, code: bytes) -> None:
        self.state = state
        self.address = address
        self.opcode = 0
        self.size = 4
        self.repeat = 0
        self.segment = 0
        self.address_size = 4
        self.names_narrow_address = False
        self.mode = 0
        self.middle = 0
        self._low = 0
        self._code = code
        self._position = 0

    @property
    def end(self) -> int:
        """The address after the bytes taken so far."""
        return (self.address + self._position) & MASK

    @property
    def length(self) -> int:
        """How many bytes have been taken so far."""
        return self._position

    def unsigned(self, size: int) -> int:
        """Take an unsigned integer of so many bytes."""
        end = self._position + size
        if end > LONGEST_INSTRUCTION:
            raise ProcessorFaultError("an instruction of more than 15 bytes")
        if end > len(self._code):
            raise ProcessorFaultError("code that ends within an instruction")
        value = int.from_bytes(self._code[self._position : end], "little")
        self._position = end
        return value

    def signed(self, size: int) -> int:
        """Take a signed integer of so many bytes, and return it as 32 bits."""
        value = self.unsigned(size)
        sign = 1 << (8 * size - 1)
        return ((value ^ sign) - sign) & MASK

    def byte_or_size(self) -> int:
        """Return the operands' size by the lowest bit of the opcode: a byte, or ``size``."""
        return self.size if self.opcode & 1 else 1

    def take_modrm(self) -> None:
        """Take the ModRM byte; ``middle`` is its register or its extension of the opcode."""
        modrm = self.unsigned(1)
        self.mode, self.middle, self._low = modrm >> 6, modrm >> 3 & 7, modrm & 7

    @property
    def names_memory(self) -> bool:
        """Whether the ModRM byte names memory, and not a register."""
        return self.mode != _REGISTER_MODE

    def middle_register(self, size: int) -> Operand:
        """Return the register in the middle of the ModRM byte."""
        return register_operand(self.state, self.middle, size)

    def low_operand(self, size: int) -> Operand:
        """Return the register or memory that the rest of the ModRM byte names; taken once."""
        if not self.names_memory:
            return register_operand(self.state, self._low, size)
        return memory_operand(self.state, self._take_address(), size)

    def take_constant_address(self) -> Address:
        """Take an address that stands in the instruction, of the address's size."""
        self.names_narrow_address = self.address_size == _NARROW
        address = (self.unsigned(self.address_size) + self.segment) & MASK
        return Address(base=None, index=None, scale=0, displacement=address)

    def _take_address(self) -> Address:
        if self.address_size == _NARROW:
            if (self.mode, self._low) != _NARROW_CONSTANT:
                raise outside("16-bit addresses")
            return self.take_constant_address()
        base: int | None = self._low
        index, scale = None, 0
        if base == ESP:
            sib = self.unsigned(1)
            scale, index, base = sib >> 6, sib >> 3 & 7, sib & 7
            if index == ESP:
                index = None
        displacement = 0
        if base == EBP and self.mode == 0:
            base, displacement = None, self.unsigned(4)
        elif self.mode == 1:
            displacement = self.signed(1)
        elif self.mode == _DISPLACEMENT_32:
            displacement = self.unsigned(4)
        displacement = (displacement + self.segment) & MASK
        return Address(base=base, index=index, scale=scale, displacement=displacement)


Builder: TypeAlias = Callable[[State, Instruction], Step]


def outside(name: str) -> UnsupportedInstructionError:
    """Return the error that says which instruction is outside the subset."""
    return UnsupportedInstructionError(name)
