"""What is known of registers without running: constants, and addresses of imported routines.

Code for NT loads an address with LDAH, which adds the high half to zero, and LDA; a routine's from
its import slot with LDAH and LDL.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias

from ntscan.machinecode.alpha.arithmetic import IntegerOverflow
from ntscan.machinecode.alpha.instruction import (
    LDA,
    LDAH,
    LDL,
    OPERATIONS,
    ZERO,
    Instruction,
)
from ntscan.machinecode.alpha.words import LONGWORD, QUADWORD
from ntscan.machinecode.loader.loaded_image import Import

#: A constant, or the address that the loader put into an import slot.
Value: TypeAlias = int | Import
#: The registers whose value is known.
Known: TypeAlias = dict[int, Value]

_BIS: Final = (0x11, 0x20)
#: Copies of one longword register: ADDL with zero.
_ADDL: Final = (0x10, 0x00)
_KEPT_BY_CALLS: Final = frozenset((*range(9, 16), ZERO))


def at_entry() -> Known:
    """Return what is known where a function begins: nothing but that register 31 is zero."""
    return {ZERO: 0}


def merged(first: Known, second: Known) -> Known:
    """Return what is known where two ways meet."""
    return {register: value for register, value in first.items() if second.get(register) == value}


def forget_in_call(known: Known) -> None:
    """Forget what a routine that is called may change: all but R9 to R15."""
    for register in known.keys() - _KEPT_BY_CALLS:
        del known[register]


def execute(known: Known, instruction: Instruction, imports: Mapping[int, Import]) -> None:
    """Take note of what an instruction does to the registers that it writes."""
    register = instruction.written_register
    if register is None or register == ZERO:
        return
    value = _result(known, instruction, imports)
    if value is None:
        known.pop(register, None)
    else:
        known[register] = value


def _result(known: Known, instruction: Instruction, imports: Mapping[int, Import]) -> Value | None:
    match instruction.opcode:
        case opcode if opcode in (LDA, LDAH, LDL):
            base = known.get(instruction.rb)
            if not isinstance(base, int):
                return None
            if opcode == LDL:
                return imports.get(base + instruction.displacement & LONGWORD)
            shift = 16 if opcode == LDAH else 0
            return base + (instruction.displacement << shift) & QUADWORD
        case 0x10 | 0x11 | 0x12 | 0x13 | 0x1C:
            return _operated(known, instruction)
        case _:
            return None


def _operated(known: Known, instruction: Instruction) -> Value | None:
    code = instruction.opcode, instruction.function
    if code not in OPERATIONS:
        return None
    first = known.get(instruction.ra)
    literal = instruction.literal
    second = known.get(instruction.rb) if literal is None else literal
    if isinstance(first, int) and isinstance(second, int):
        try:
            return OPERATIONS[code][1](first, second)
        except IntegerOverflow:
            return None
    if code in (_BIS, _ADDL):
        # BIS of a register with zero or with itself copies it; so does ADDL with zero.
        if first == 0 or (code == _BIS and first == second):
            return second
        return first if second == 0 else None
    return None
