"""ROL, ROR, RCL, RCR, SHL, SHR, SAR, SHLD and SHRD."""

from collections.abc import Callable
from typing import Final, TypeAlias

from ntscan.machinecode.i386.flags import CARRY, OVERFLOW, Given, flags_of_word, word_of_flags
from ntscan.machinecode.i386.instruction import Builder, Instruction
from ntscan.machinecode.i386.operands import Load, Operand, constant
from ntscan.machinecode.i386.state import ECX, State, Step, UnsupportedInstructionError

_RULES: Final = {size: Given("shift", size) for size in (1, 2, 4)}
_MOST: Final = 31
_BY_ONE: Final = (0xD0, 0xD1)
_BY_CL: Final = (0xD2, 0xD3, 0x0FA5, 0x0FAD)

#: Takes the value, the count (1 to 31), CF and the bits of the operand; gives the value and CF.
_Shift: TypeAlias = Callable[[int, int, int, int], tuple[int, int]]


def _rol(value: int, count: int, carry: int, bits: int) -> tuple[int, int]:
    del carry
    count %= bits
    result = (value << count | value >> (bits - count)) & ((1 << bits) - 1)
    return result, result & 1


def _ror(value: int, count: int, carry: int, bits: int) -> tuple[int, int]:
    result, _ = _rol(value, -count % bits, carry, bits)
    return result, result >> (bits - 1)


def _rcl(value: int, count: int, carry: int, bits: int) -> tuple[int, int]:
    wide, _ = _rol(carry << bits | value, count, 0, bits + 1)
    return wide & ((1 << bits) - 1), wide >> bits


def _rcr(value: int, count: int, carry: int, bits: int) -> tuple[int, int]:
    return _rcl(value, -count % (bits + 1), carry, bits)


def _shl(value: int, count: int, carry: int, bits: int) -> tuple[int, int]:
    del carry
    wide = value << count
    return wide & ((1 << bits) - 1), wide >> bits & 1


def _shr(value: int, count: int, carry: int, bits: int) -> tuple[int, int]:
    del carry, bits
    return value >> count, value >> (count - 1) & 1


def _sar(value: int, count: int, carry: int, bits: int) -> tuple[int, int]:
    del carry
    sign = 1 << (bits - 1)
    signed = (value ^ sign) - sign
    return signed >> count & ((1 << bits) - 1), signed >> (count - 1) & 1


_ROTATES: Final[tuple[_Shift, ...]] = (_rol, _ror, _rcl, _rcr)
_SHIFTS: Final[tuple[_Shift, ...]] = (_shl, _shr, _shl, _sar)


def _group(state: State, instruction: Instruction) -> Step:
    """Build an operation of the groups 0xC0, 0xC1 and 0xD0 to 0xD3."""
    instruction.take_modrm()
    target = instruction.low_operand(instruction.byte_or_size())
    count = _count(state, instruction)
    if instruction.middle < len(_ROTATES):
        rotate = _ROTATES[instruction.middle]
        return _rotation(state, rotate, target, count, instruction.end)
    shift = _SHIFTS[instruction.middle - len(_ROTATES)]
    return _shift(state, shift, target, count, instruction.end)


def _count(state: State, instruction: Instruction) -> Load:
    if instruction.opcode in _BY_ONE:
        return constant(1)
    if instruction.opcode in _BY_CL:
        registers = state.registers
        return lambda: registers[ECX] & _MOST
    return constant(instruction.unsigned(1) & _MOST)


def _overflows(shift: _Shift, value: int, result: int, carry: int, bits: int) -> bool:
    """Tell OF as it is after a count of one: whether the top bit is another than before."""
    top, before = result >> (bits - 1) & 1, value >> (bits - 1) & 1
    match shift:
        case _ if shift is _rol or shift is _rcl or shift is _shl:
            return top != carry
        case _ if shift is _ror or shift is _rcr:
            return top != result >> (bits - 2) & 1
    return shift is _shr and bool(before)


def _shift(state: State, shift: _Shift, target: Operand, count: Load, following: int) -> Step:
    load, store, bits, rule = target.load, target.store, 8 * target.size, _RULES[target.size]

    def step() -> int:
        by = count()
        if by:
            value = load()
            result, carry = shift(value, by, 0, bits)
            store(result)
            overflow = _overflows(shift, value, result, carry, bits)
            state.flags = (rule, carry, overflow, result)
        return following

    return step


def _rotation(state: State, rotate: _Shift, target: Operand, count: Load, following: int) -> Step:
    load, store, bits = target.load, target.store, 8 * target.size

    def step() -> int:
        by = count()
        if by:
            word = word_of_flags(state.flags)
            value = load()
            result, carry = rotate(value, by, word & CARRY, bits)
            store(result)
            overflow = OVERFLOW if _overflows(rotate, value, result, carry, bits) else 0
            state.flags = flags_of_word(word & ~(CARRY | OVERFLOW) | carry | overflow)
        return following

    return step


def _double(state: State, instruction: Instruction) -> Step:
    """Build SHLD (0x0FA4, 0x0FA5) or SHRD (0x0FAC, 0x0FAD)."""
    size = instruction.size
    instruction.take_modrm()
    target, filler = instruction.low_operand(size), instruction.middle_register(size).load
    count, following = _count(state, instruction), instruction.end
    bits, mask, rule = 8 * size, (1 << 8 * size) - 1, _RULES[size]
    leftwards = instruction.opcode < 0x0FAC  # noqa: PLR2004  opcode

    def step() -> int:
        by = count()
        if by > bits:
            raise UnsupportedInstructionError("shld or shrd by more than its operand's bits")
        if by:
            value, fill = target.load(), filler()
            if leftwards:
                wide = (value << bits | fill) << by
                result, carry = wide >> bits & mask, wide >> 2 * bits & 1
            else:
                wide = fill << bits | value
                result, carry = wide >> by & mask, wide >> (by - 1) & 1
            target.store(result)
            changed = (value ^ result) >> (bits - 1)
            state.flags = (rule, carry, changed, result)
        return following

    return step


BUILDERS: Final[dict[int, Builder]] = {
    **dict.fromkeys((0xC0, 0xC1, 0xD0, 0xD1, 0xD2, 0xD3), _group),
    **dict.fromkeys((0x0FA4, 0x0FA5, 0x0FAC, 0x0FAD), _double),
}
