"""From an instruction's bytes to the step that does its work."""

from typing import Final

from ntscan.machinecode.i386 import (
    arithmetic,
    bits,
    control,
    moves,
    multiplication,
    shifts,
    stack,
    strings,
)
from ntscan.machinecode.i386.instruction import Builder, Instruction, outside
from ntscan.machinecode.i386.outside import name_of
from ntscan.machinecode.i386.state import State, Step

_OPERAND_SIZE: Final = 0x66
_ADDRESS_SIZE: Final = 0x67
_NARROW: Final = 2
_FS, _GS = 0x64, 0x65
_REPEATS: Final = (0xF2, 0xF3)
# CS, SS, DS, ES: flat in NT's kernel; LOCK: one processor runs.
_WITHOUT_EFFECT: Final = (0x2E, 0x36, 0x3E, 0x26, 0xF0)
_TWO_BYTES: Final = 0x0F


def _unary(state: State, instruction: Instruction) -> Step:
    """Build an operation of the group 0xF6 and 0xF7."""
    instruction.take_modrm()
    match instruction.middle:
        case 0 | 1:
            return arithmetic.test_immediate(state, instruction)
        case 2:
            return arithmetic.invert(state, instruction)
        case 3:
            return arithmetic.negate(state, instruction)
        case 4 | 5:
            return multiplication.multiply(state, instruction)
    return multiplication.divide(state, instruction)


def _group_of_ff(state: State, instruction: Instruction) -> Step:
    """Build an operation of the group 0xFE and 0xFF; the first has INC and DEC only."""
    instruction.take_modrm()
    extension = instruction.middle
    if extension in (0, 1):
        target = instruction.low_operand(instruction.byte_or_size())
        return arithmetic.count_by_one(state, target, 1 - 2 * extension, instruction.end)
    match instruction.opcode, extension:
        case 0xFF, 2:
            return control.call_operand(state, instruction)
        case 0xFF, 4:
            return control.jump_to_operand(state, instruction)
        case 0xFF, 6:
            return stack.push_operand(state, instruction)
        case 0xFF, 3 | 5:
            raise outside("call far" if extension == 3 else "jmp far")  # noqa: PLR2004  extension
    raise outside(f"opcode {instruction.opcode:02x} /{extension}")


_BUILDERS: Final[dict[int, Builder]] = {
    **arithmetic.BUILDERS,
    **multiplication.BUILDERS,
    **shifts.BUILDERS,
    **bits.BUILDERS,
    **moves.BUILDERS,
    **stack.BUILDERS,
    **control.BUILDERS,
    **strings.BUILDERS,
    0xF6: _unary,
    0xF7: _unary,
    0xFE: _group_of_ff,
    0xFF: _group_of_ff,
}


def decode(state: State, instruction: Instruction) -> Step:
    """Decode an instruction, of which no byte has been taken.

    Raises UnsupportedInstructionError where it is outside the subset, and ProcessorFaultError where
    its bytes end too early.
    """
    opcode = _take_prefixes(state, instruction)
    if opcode == _TWO_BYTES:
        opcode = opcode << 8 | instruction.unsigned(1)
    instruction.opcode = opcode
    builder = _BUILDERS.get(opcode)
    if builder is None:
        raise outside(name_of(opcode))
    step = builder(state, instruction)
    if instruction.address_size == _NARROW and not instruction.names_narrow_address:
        raise outside("16-bit addresses")
    return step


def _take_prefixes(state: State, instruction: Instruction) -> int:
    """Take prefixes; return the byte after them, the first of the opcode."""
    while True:
        byte = instruction.unsigned(1)
        if byte == _OPERAND_SIZE:
            instruction.size = 2
        elif byte == _FS:
            instruction.segment = state.fs_base
        elif byte in _REPEATS:
            instruction.repeat = byte
        elif byte == _GS:
            raise outside("an access through gs")
        elif byte == _ADDRESS_SIZE:
            instruction.address_size = 2
        elif byte not in _WITHOUT_EFFECT:
            return byte
