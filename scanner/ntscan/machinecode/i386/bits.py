"""BT, BTS, BTR, BTC, BSF, BSR and BSWAP."""

from collections.abc import Callable
from typing import Final

from ntscan.machinecode.i386.flags import CARRY, ZERO, flags_of_word, word_of_flags
from ntscan.machinecode.i386.instruction import Builder, Instruction, outside
from ntscan.machinecode.i386.operands import (
    Load,
    Operand,
    constant,
    memory_behind,
    register_operand,
)
from ntscan.machinecode.i386.state import MASK, State, Step

_FIRST_OF_GROUP: Final = 4
_CHANGES: Final[tuple[Callable[[int, int], int], ...]] = (
    lambda value, _bit: value,
    lambda value, bit: value | bit,
    lambda value, bit: value & ~bit,
    lambda value, bit: value ^ bit,
)


def _by_register(state: State, instruction: Instruction) -> Step:
    """Build BT and its like with the bit's number in a register, which reaches beyond memory."""
    size = instruction.size
    instruction.take_modrm()
    index, target = instruction.middle_register(size).load, instruction.low_operand(size)
    if target.address is not None:
        target = memory_behind(state, _bit_address(target.address, index, size), size)
    return _bit_test(state, target, index, instruction.opcode >> 3 & 3, instruction.end)


def _bit_address(address: Load, index: Load, size: int) -> Load:
    """Return where the word lies that holds a bit; a signed number counts from the operand."""
    bits = 8 * size
    sign = 1 << (bits - 1)

    def found() -> int:
        number = (index() ^ sign) - sign
        return (address() + number // bits * size) & MASK

    return found


def _by_immediate(state: State, instruction: Instruction) -> Step:
    instruction.take_modrm()
    if instruction.middle < _FIRST_OF_GROUP:
        raise outside(f"opcode 0f ba /{instruction.middle}")
    target = instruction.low_operand(instruction.size)
    index = constant(instruction.unsigned(1))
    kind = instruction.middle - _FIRST_OF_GROUP
    return _bit_test(state, target, index, kind, instruction.end)


def _bit_test(state: State, target: Operand, index: Load, kind: int, following: int) -> Step:
    change, last = _CHANGES[kind], 8 * target.size - 1

    def step() -> int:
        value, number = target.load(), index() & last
        if kind:
            target.store(change(value, 1 << number))
        word = word_of_flags(state.flags) & ~CARRY
        state.flags = flags_of_word(word | value >> number & 1)
        return following

    return step


def _scan(state: State, instruction: Instruction) -> Step:
    """Build BSF or BSR, which leave the register as it is where no bit is set, as CPUs do."""
    size = instruction.size
    instruction.take_modrm()
    target, source = instruction.middle_register(size), instruction.low_operand(size).load
    following, forward = instruction.end, not instruction.opcode & 1

    def step() -> int:
        value = source()
        word = word_of_flags(state.flags) & ~ZERO
        if value:
            target.store(((value & -value) if forward else value).bit_length() - 1)
        state.flags = flags_of_word(word if value else word | ZERO)
        return following

    return step


def _swap_bytes(state: State, instruction: Instruction) -> Step:
    if instruction.size != 4:  # noqa: PLR2004  bytes
        raise outside("bswap of 16 bits")
    target = register_operand(state, instruction.opcode & 7, 4)
    load, store, following = target.load, target.store, instruction.end

    def step() -> int:
        store(int.from_bytes(load().to_bytes(4, "little"), "big"))
        return following

    return step


BUILDERS: Final[dict[int, Builder]] = {
    **dict.fromkeys((0x0FA3, 0x0FAB, 0x0FB3, 0x0FBB), _by_register),
    0x0FBA: _by_immediate,
    0x0FBC: _scan,
    0x0FBD: _scan,
    **dict.fromkeys(range(0x0FC8, 0x0FD0), _swap_bytes),
}
