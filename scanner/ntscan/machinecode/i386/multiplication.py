"""MUL, IMUL, DIV, IDIV, and what widens a sign: CBW, CWDE, CWD and CDQ."""

from typing import Final

from ntscan.machinecode.i386.flags import Given
from ntscan.machinecode.i386.instruction import Builder, Instruction
from ntscan.machinecode.i386.operands import Load, Operand, constant, register_operand
from ntscan.machinecode.i386.state import EAX, EDX, ProcessorFaultError, State, Step

_AH: Final = 4
_RULES: Final = {size: Given("mul", size) for size in (1, 2, 4)}


def _signed(value: int, bits: int) -> int:
    sign = 1 << (bits - 1)
    return (value & ((1 << bits) - 1) ^ sign) - sign


def _accumulator(state: State, size: int) -> tuple[Operand, Operand]:
    """Return the low and the high half: AL and AH, AX and DX, EAX and EDX."""
    low = register_operand(state, EAX, size)
    return low, register_operand(state, _AH if size == 1 else EDX, size)


def multiply(state: State, instruction: Instruction) -> Step:
    """Build MUL (0xF6 /4) or IMUL (/5) of the accumulator."""
    size = instruction.byte_or_size()
    load, following = instruction.low_operand(size).load, instruction.end
    low, high = _accumulator(state, size)
    bits, mask, rule = 8 * size, (1 << 8 * size) - 1, _RULES[size]
    is_signed = instruction.middle & 1

    def step() -> int:
        left, right = low.load(), load()
        if is_signed:
            product = _signed(left, bits) * _signed(right, bits)
            overflow = product != _signed(product, bits)
        else:
            product = left * right
            overflow = product > mask
        low.store(product & mask)
        high.store(product >> bits & mask)
        state.flags = (rule, overflow, overflow, product & mask)
        return following

    return step


def divide(state: State, instruction: Instruction) -> Step:
    """Build DIV (0xF6 /6) or IDIV (/7) of the accumulator."""
    size = instruction.byte_or_size()
    load, following = instruction.low_operand(size).load, instruction.end
    low, high = _accumulator(state, size)
    bits, mask = 8 * size, (1 << 8 * size) - 1
    is_signed = instruction.middle & 1

    def step() -> int:
        dividend, divisor = high.load() << bits | low.load(), load()
        if is_signed:
            dividend, divisor = _signed(dividend, 2 * bits), _signed(divisor, bits)
        if divisor == 0:
            raise ProcessorFaultError("divide error")
        quotient = abs(dividend) // abs(divisor)
        if (dividend < 0) != (divisor < 0):
            quotient = -quotient
        if quotient != (_signed(quotient, bits) if is_signed else quotient & mask):
            raise ProcessorFaultError("divide error")
        low.store(quotient & mask)
        high.store(dividend - quotient * divisor & mask)
        return following

    return step


def _multiply_into(state: State, target: Operand, left: Load, right: Load, following: int) -> Step:
    bits, mask, rule = 8 * target.size, (1 << 8 * target.size) - 1, _RULES[target.size]
    store = target.store

    def step() -> int:
        product = _signed(left(), bits) * _signed(right(), bits)
        overflow = product != _signed(product, bits)
        store(product & mask)
        state.flags = (rule, overflow, overflow, product & mask)
        return following

    return step


def _multiply_register(state: State, instruction: Instruction) -> Step:
    instruction.take_modrm()
    target = instruction.middle_register(instruction.size)
    source = instruction.low_operand(instruction.size).load
    return _multiply_into(state, target, target.load, source, instruction.end)


def _multiply_immediate(state: State, instruction: Instruction) -> Step:
    instruction.take_modrm()
    target = instruction.middle_register(instruction.size)
    source = instruction.low_operand(instruction.size).load
    value = instruction.signed(1 if instruction.opcode == 0x6B else instruction.size)  # noqa: PLR2004  opcode
    return _multiply_into(state, target, source, constant(value), instruction.end)


def _widen_accumulator(state: State, instruction: Instruction) -> Step:
    """Build CWDE, or CBW with an operand-size prefix."""
    source = register_operand(state, EAX, instruction.size // 2).load
    store, following = register_operand(state, EAX, instruction.size).store, instruction.end
    bits, mask = 4 * instruction.size, (1 << 8 * instruction.size) - 1

    def step() -> int:
        store(_signed(source(), bits) & mask)
        return following

    return step


def _sign_into_edx(state: State, instruction: Instruction) -> Step:
    """Build CDQ, or CWD with an operand-size prefix."""
    low, high = _accumulator(state, instruction.size)
    following = instruction.end
    sign, mask = 1 << (8 * instruction.size - 1), (1 << 8 * instruction.size) - 1

    def step() -> int:
        high.store(mask if low.load() & sign else 0)
        return following

    return step


BUILDERS: Final[dict[int, Builder]] = {
    0x69: _multiply_immediate,
    0x6B: _multiply_immediate,
    0x98: _widen_accumulator,
    0x99: _sign_into_edx,
    0x0FAF: _multiply_register,
}
