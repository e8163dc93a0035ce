"""An instruction word taken apart (Alpha Architecture Handbook, chapter 3)."""

from typing import Final

from msgspec import Struct

from ntscan.machinecode.alpha.arithmetic import ARITHMETIC
from ntscan.machinecode.alpha.logic import LOGIC
from ntscan.machinecode.alpha.words import LONGWORD, signed_field

#: The bytes of an instruction.
INSTRUCTION_SIZE: Final = 4
#: Register 31 reads as zero; the routine's result, its return address, its stack pointer.
ZERO: Final = 31
V0: Final = 0
RA: Final = 26
SP: Final = 30

#: Opcodes that the finder of start points and the origins of values know as well.
LDA: Final = 0x08
LDAH: Final = 0x09
LDL: Final = 0x28

#: Operate instructions from two operands to a result, by opcode and function code.
OPERATIONS: Final = {**ARITHMETIC, **LOGIC}
_LITERAL_FLAG: Final = 1 << 12
#: LDA and LDAH, loads, conditional stores, RPCC, jumps, BR and BSR.
_WRITING_RA: Final = frozenset(
    (0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x18, 0x1A, 0x28, 0x29, 0x2A, 0x2B, 0x2E, 0x2F, 0x30, 0x34)
)


class Instruction(Struct, frozen=True):
    """An instruction and where it lies; which of its fields mean something, its opcode says."""

    address: int
    word: int

    @property
    def opcode(self) -> int:
        """The major opcode, 6 bits."""
        return self.word >> 26

    @property
    def ra(self) -> int:
        """The first register."""
        return self.word >> 21 & 31

    @property
    def rb(self) -> int:
        """The second register; of an operate instruction only where it has no literal."""
        return self.word >> 16 & 31

    @property
    def rc(self) -> int:
        """The register that an operate instruction writes."""
        return self.word & 31

    @property
    def literal(self) -> int | None:
        """The second operand of an operate instruction, where it is no register."""
        return self.word >> 13 & 0xFF if self.word & _LITERAL_FLAG else None

    @property
    def function(self) -> int:
        """The function code of an operate instruction, 7 bits."""
        return self.word >> 5 & 0x7F

    @property
    def displacement(self) -> int:
        """The signed displacement of a load, a store or LDA, in bytes."""
        return signed_field(self.word, 16)

    @property
    def next(self) -> int:
        """The address behind this instruction."""
        return self.address + INSTRUCTION_SIZE & LONGWORD

    @property
    def target(self) -> int:
        """Where a branch goes."""
        return self.next + INSTRUCTION_SIZE * signed_field(self.word, 21) & LONGWORD

    @property
    def written_register(self) -> int | None:
        """The register that this instruction of the subset may write, if any."""
        match self.opcode:
            case 0x10 | 0x11 | 0x12 | 0x13 | 0x1C:
                return self.rc
            case 0x00:
                return V0
            case opcode if opcode in _WRITING_RA:
                return self.ra
            case _:
                return None
