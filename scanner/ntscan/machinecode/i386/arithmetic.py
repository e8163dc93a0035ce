"""ADD, OR, ADC, SBB, AND, SUB, XOR, CMP, TEST, INC, DEC, NEG and NOT."""

from collections.abc import Callable
from typing import Final

from ntscan.machinecode.i386.flags import (
    Addition,
    Decrement,
    FlagRule,
    Increment,
    Logic,
    Subtraction,
)
from ntscan.machinecode.i386.instruction import Builder, Instruction
from ntscan.machinecode.i386.operands import Load, Operand, constant, register_operand
from ntscan.machinecode.i386.state import EAX, State, Step

_SIZES: Final = (1, 2, 4)
#: Whose carry makes a number of a condition; that of ADD and SUB belongs to a wider number.
_COMPARING: Final = ("cmp", "neg")
#: The eight operations in the order of their opcodes and of the group 0x80.
_MNEMONICS: Final = ("add", "or", "adc", "sbb", "and", "sub", "xor", "cmp")
_KINDS: Final[dict[str, type[FlagRule]]] = {
    "add": Addition,
    "or": Logic,
    "adc": Addition,
    "sbb": Subtraction,
    "and": Logic,
    "sub": Subtraction,
    "xor": Logic,
    "cmp": Subtraction,
    "test": Logic,
    "neg": Subtraction,
    "inc": Increment,
    "dec": Decrement,
}
_RULES: Final = {(name, size): kind(name, size) for name, kind in _KINDS.items() for size in _SIZES}
_FUNCTIONS: Final[dict[str, Callable[[int, int], int]]] = {
    "add": int.__add__,
    "or": int.__or__,
    "and": int.__and__,
    "sub": int.__sub__,
    "xor": int.__xor__,
}


def subtraction_rule(mnemonic: str, size: int) -> FlagRule:
    """Return how a subtraction of so many bytes sets the flags."""
    return _RULES[mnemonic, size]


def addition_rule(size: int) -> FlagRule:
    """Return how an addition of so many bytes sets the flags."""
    return _RULES["add", size]


def _binary(state: State, mnemonic: str, target: Operand, source: Load, at: Instruction) -> Step:
    following = at.end
    match mnemonic:
        case "cmp" | "test":
            return _comparison(state, mnemonic, target, source, following)
        case "adc" | "sbb":
            return _with_carry(state, mnemonic, target, source, at)
    load, store = target.load, target.store
    rule, mask = _RULES[mnemonic, target.size], (1 << 8 * target.size) - 1
    function = _FUNCTIONS[mnemonic]

    def step() -> int:
        left = load()
        right = source()
        result = function(left, right) & mask
        store(result)
        state.flags = (rule, left, right, result)
        return following

    return step


def _comparison(state: State, mnemonic: str, target: Operand, source: Load, following: int) -> Step:
    load, rule = target.load, _RULES[mnemonic, target.size]
    mask = (1 << 8 * target.size) - 1

    def compare() -> int:
        left = load()
        right = source()
        state.flags = (rule, left, right, (left - right) & mask)
        return following

    def test() -> int:
        left = load()
        right = source()
        state.flags = (rule, left, right, left & right)
        return following

    return compare if mnemonic == "cmp" else test


def _with_carry(
    state: State, mnemonic: str, target: Operand, source: Load, at: Instruction
) -> Step:
    address, following = at.address, at.end
    load, store = target.load, target.store
    rule, mask = _RULES[mnemonic, target.size], (1 << 8 * target.size) - 1
    sign = 1 if mnemonic == "adc" else -1

    def step() -> int:
        before, first, second, last = state.flags
        carry = before.carry(first, second, last)
        if before.mnemonic in _COMPARING:
            carry = state.asked(address, carry)
        left = load()
        right = source()
        result = (left + sign * (right + carry)) & mask
        store(result)
        state.flags = (rule, left, right, result)
        return following

    return step


def _two_operands(state: State, instruction: Instruction) -> Step:
    """Build an operation of the opcodes 0x00 to 0x3D, whose low three bits say on what it works."""
    mnemonic, form = _MNEMONICS[instruction.opcode >> 3], instruction.opcode & 7
    size = instruction.byte_or_size()
    if form >= 4:  # noqa: PLR2004  the accumulator and an immediate
        target = register_operand(state, EAX, size)
        source = constant(instruction.unsigned(size))
    else:
        instruction.take_modrm()
        register, other = instruction.middle_register(size), instruction.low_operand(size)
        target, source = (register, other.load) if form & 2 else (other, register.load)
    return _binary(state, mnemonic, target, source, instruction)


def _with_immediate(state: State, instruction: Instruction) -> Step:
    """Build an operation of the group 0x80 to 0x83; 0x83 takes a byte and extends its sign."""
    size = instruction.byte_or_size()
    instruction.take_modrm()
    target = instruction.low_operand(size)
    value = instruction.signed(1 if instruction.opcode == 0x83 else size)  # noqa: PLR2004  opcode
    source = constant(value & ((1 << 8 * size) - 1))
    return _binary(state, _MNEMONICS[instruction.middle], target, source, instruction)


def _test_register(state: State, instruction: Instruction) -> Step:
    size = instruction.byte_or_size()
    instruction.take_modrm()
    source = instruction.middle_register(size).load
    target = instruction.low_operand(size)
    return _binary(state, "test", target, source, instruction)


def _test_accumulator(state: State, instruction: Instruction) -> Step:
    size = instruction.byte_or_size()
    source = constant(instruction.unsigned(size))
    return _binary(state, "test", register_operand(state, EAX, size), source, instruction)


def test_immediate(state: State, instruction: Instruction) -> Step:
    """Build TEST with an immediate (0xF6 /0, 0xF7 /0)."""
    size = instruction.byte_or_size()
    target = instruction.low_operand(size)
    source = constant(instruction.unsigned(size))
    return _binary(state, "test", target, source, instruction)


def count_by_one(state: State, target: Operand, change: int, following: int) -> Step:
    """Build INC (a change of 1) or DEC (of -1)."""
    load, store, size = target.load, target.store, target.size
    rule, mask = _RULES["inc" if change > 0 else "dec", size], (1 << 8 * size) - 1
    overflowed = 1 << (8 * size - 1) if change > 0 else (1 << (8 * size - 1)) - 1

    def step() -> int:
        before, left, right, last = state.flags
        result = (load() + change) & mask
        store(result)
        carry = before.carry(left, right, last)
        state.flags = (rule, carry, result == overflowed, result)
        return following

    return step


def _count_register(state: State, instruction: Instruction) -> Step:
    target = register_operand(state, instruction.opcode & 7, instruction.size)
    change = 1 if instruction.opcode < 0x48 else -1  # noqa: PLR2004  opcode
    return count_by_one(state, target, change, instruction.end)


def negate(state: State, instruction: Instruction) -> Step:
    """Build NEG."""
    target = instruction.low_operand(instruction.byte_or_size())
    load, store, following = target.load, target.store, instruction.end
    rule, mask = _RULES["neg", target.size], (1 << 8 * target.size) - 1

    def step() -> int:
        value = load()
        result = -value & mask
        store(result)
        state.flags = (rule, 0, value, result)
        return following

    return step


def invert(state: State, instruction: Instruction) -> Step:
    """Build NOT, which sets no flags."""
    del state
    target = instruction.low_operand(instruction.byte_or_size())
    load, store, following = target.load, target.store, instruction.end
    mask = (1 << 8 * target.size) - 1

    def step() -> int:
        store(load() ^ mask)
        return following

    return step


BUILDERS: Final[dict[int, Builder]] = {
    **{op << 3 | form: _two_operands for op in range(8) for form in range(6)},
    **dict.fromkeys((0x80, 0x81, 0x82, 0x83), _with_immediate),
    **dict.fromkeys((0x84, 0x85), _test_register),
    **dict.fromkeys((0xA8, 0xA9), _test_accumulator),
    **dict.fromkeys(range(0x40, 0x50), _count_register),
}
