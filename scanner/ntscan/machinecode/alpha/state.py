"""What an Alpha processor holds, and what ends a run of it."""

from collections.abc import Callable
from typing import Final, TypeAlias

from msgspec import Struct

from ntscan.machinecode.alpha.words import LONGWORD, LONGWORD_SIGN, QUADWORD
from ntscan.machinecode.processor import Memory, MemoryFault, StopKind

#: One instruction, decoded: runs, and returns the address of the next.
Step: TypeAlias = Callable[[], int]
#: A mnemonic and its two operands: where the value of a register came from.
Origin: TypeAlias = tuple[str, int, int]


class Decision(Struct, frozen=True):
    """An instruction that does one thing or another, and the register that it tests.

    ``low_bit`` says that it tests the lowest bit alone.
    """

    address: int
    register: int
    low_bit: bool


#: Asked at each decision: whether a branch would be taken in, whether it is taken out.
Ask: TypeAlias = Callable[[Decision, bool], bool]

#: Where what is written to register 31 goes; never read.
SINK: Final = 32
#: The lowest quadword that is a negative longword, sign-extended.
_NEGATIVE: Final = QUADWORD ^ (LONGWORD_SIGN - 1)


class Halted(Exception):  # noqa: N818  no error: it ends a run, and never leaves this package
    """An instruction that ends the run."""

    def __init__(self, kind: StopKind, detail: str = "") -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail


class AlphaState:
    """Registers, memory, and what is remembered of the instructions before.

    ``registers`` are quadwords, unsigned; 31 stays zero, and SINK takes what is written to it.
    ``locked`` is the address that LDx_L locked. While there is a branch hook, ``origins`` is kept,
    for each branch to tell what it depends on.
    """

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.registers = [0] * (SINK + 1)
        self.origins: list[Origin | None] = [None] * (SINK + 1)
        self.irql = 0
        self.cycles = 0
        self.locked: int | None = None


def written(register: int) -> int:
    """Return where an instruction puts the result that it names a register for."""
    return SINK if register == SINK - 1 else register


def memory_address(value: int) -> int:
    """Return the 32-bit address that a quadword is.

    MemoryFault where it is no longword, sign-extended: NT maps no such address.
    """
    value &= QUADWORD
    # As is_sign_extended has it; this is asked at each access.
    if LONGWORD_SIGN <= value < _NEGATIVE:
        raise MemoryFault(value, "not a 32-bit address, sign-extended:")
    return value & LONGWORD
