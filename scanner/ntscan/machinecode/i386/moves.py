"""MOV, MOVZX, MOVSX, LEA, XCHG, XADD, CMPXCHG, CMPXCHG8B, CMOVcc, SETcc and XLAT."""

from typing import Final

from ntscan.machinecode.i386.arithmetic import addition_rule, subtraction_rule
from ntscan.machinecode.i386.conditions import CONDITIONS
from ntscan.machinecode.i386.flags import ZERO, flags_of_word, word_of_flags
from ntscan.machinecode.i386.instruction import Builder, Instruction, outside
from ntscan.machinecode.i386.operands import (
    Load,
    Operand,
    constant,
    memory_operand,
    register_operand,
)
from ntscan.machinecode.i386.state import EAX, EBX, ECX, EDX, MASK, State, Step

_WHOLE: Final = 4


def _move(state: State, target: Operand, source: Load, following: int) -> Step:
    if target.register is not None:
        registers, number = state.registers, target.register

        def load_register() -> int:
            registers[number] = source()
            return following

        return load_register
    store = target.store

    def step() -> int:
        store(source())
        return following

    return step


def _move_register(state: State, instruction: Instruction) -> Step:
    """Build MOV between a register and a register or memory (0x88 to 0x8B)."""
    size = instruction.byte_or_size()
    instruction.take_modrm()
    register, other = instruction.middle_register(size), instruction.low_operand(size)
    if instruction.opcode & 2:
        return _move(state, register, other.load, instruction.end)
    return _move(state, other, register.load, instruction.end)


def _move_immediate(state: State, instruction: Instruction) -> Step:
    """Build MOV of an immediate to a register or memory (0xC6 /0, 0xC7 /0)."""
    size = instruction.byte_or_size()
    instruction.take_modrm()
    if instruction.middle:
        raise outside(f"opcode {instruction.opcode:02x} /{instruction.middle}")
    target = instruction.low_operand(size)
    return _move(state, target, constant(instruction.unsigned(size)), instruction.end)


def _immediate_to_register(state: State, instruction: Instruction) -> Step:
    """Build MOV of an immediate to a register (0xB0 to 0xBF)."""
    size = instruction.size if instruction.opcode & 8 else 1
    target = register_operand(state, instruction.opcode & 7, size)
    return _move(state, target, constant(instruction.unsigned(size)), instruction.end)


def _move_accumulator(state: State, instruction: Instruction) -> Step:
    """Build MOV between the accumulator and an address (0xA0 to 0xA3)."""
    size = instruction.byte_or_size()
    accumulator = register_operand(state, EAX, size)
    other = memory_operand(state, instruction.take_constant_address(), size)
    if instruction.opcode & 2:
        return _move(state, other, accumulator.load, instruction.end)
    return _move(state, accumulator, other.load, instruction.end)


def _extend(state: State, instruction: Instruction) -> Step:
    """Build MOVZX (0x0FB6, 0x0FB7) or MOVSX (0x0FBE, 0x0FBF)."""
    instruction.take_modrm()
    target = instruction.middle_register(instruction.size)
    size = 2 if instruction.opcode & 1 else 1
    source = instruction.low_operand(size).load
    if instruction.opcode & 8:
        sign, mask, narrow = 1 << (8 * size - 1), (1 << 8 * instruction.size) - 1, source
        source = lambda: (narrow() ^ sign) - sign & mask  # noqa: E731  as its like
    return _move(state, target, source, instruction.end)


def _load_address(state: State, instruction: Instruction) -> Step:
    instruction.segment = 0
    instruction.take_modrm()
    address = instruction.low_operand(_WHOLE).address
    if address is None:
        raise outside("lea of a register")
    target, whole = instruction.middle_register(instruction.size), address
    if instruction.size != _WHOLE:
        return _move(state, target, lambda: whole() & 0xFFFF, instruction.end)
    return _move(state, target, whole, instruction.end)


def _exchange(first: Operand, second: Operand, following: int) -> Step:
    def step() -> int:
        left, right = first.load(), second.load()
        first.store(right)
        second.store(left)
        return following

    return step


def _exchange_operands(state: State, instruction: Instruction) -> Step:
    del state
    size = instruction.byte_or_size()
    instruction.take_modrm()
    other = instruction.low_operand(size)
    return _exchange(other, instruction.middle_register(size), instruction.end)


def _exchange_accumulator(state: State, instruction: Instruction) -> Step:
    """Build XCHG with the accumulator; with itself (0x90) it is NOP."""
    accumulator = register_operand(state, EAX, instruction.size)
    other = register_operand(state, instruction.opcode & 7, instruction.size)
    return _exchange(other, accumulator, instruction.end)


def _exchange_and_add(state: State, instruction: Instruction) -> Step:
    size = instruction.byte_or_size()
    instruction.take_modrm()
    target, register = instruction.low_operand(size), instruction.middle_register(size)
    following, mask, rule = instruction.end, (1 << 8 * size) - 1, addition_rule(size)

    def step() -> int:
        left, right = target.load(), register.load()
        result = (left + right) & mask
        if target.address is None:
            register.store(left)
            target.store(result)
        else:
            target.store(result)
            register.store(left)
        state.flags = (rule, left, right, result)
        return following

    return step


def _compare_and_exchange(state: State, instruction: Instruction) -> Step:
    size = instruction.byte_or_size()
    instruction.take_modrm()
    target, source = instruction.low_operand(size), instruction.middle_register(size).load
    accumulator, following = register_operand(state, EAX, size), instruction.end
    mask, rule = (1 << 8 * size) - 1, subtraction_rule("cmp", size)

    def step() -> int:
        left, right = accumulator.load(), target.load()
        if left == right:
            target.store(source())
        else:
            accumulator.store(right)
        state.flags = (rule, left, right, (left - right) & mask)
        return following

    return step


def _compare_and_exchange_8_bytes(state: State, instruction: Instruction) -> Step:
    instruction.take_modrm()
    if instruction.middle != 1 or not instruction.names_memory:
        raise outside(f"opcode 0f c7 /{instruction.middle}")
    target, following = instruction.low_operand(8), instruction.end
    registers = state.registers

    def step() -> int:
        value = target.load()
        word = word_of_flags(state.flags) & ~ZERO
        if value == registers[EDX] << 32 | registers[EAX]:
            target.store(registers[ECX] << 32 | registers[EBX])
            word |= ZERO
        else:
            registers[EDX], registers[EAX] = value >> 32, value & MASK
        state.flags = flags_of_word(word)
        return following

    return step


def _move_if(state: State, instruction: Instruction) -> Step:
    instruction.take_modrm()
    target = instruction.middle_register(instruction.size)
    load = instruction.low_operand(instruction.size).load
    condition = CONDITIONS[instruction.opcode & 0xF]
    address, following = instruction.address, instruction.end

    def step() -> int:
        value = load()
        if state.asked(address, condition(state.flags)):
            target.store(value)
        return following

    return step


def _set_if(state: State, instruction: Instruction) -> Step:
    instruction.take_modrm()
    store = instruction.low_operand(1).store
    address, following = instruction.address, instruction.end
    condition = CONDITIONS[instruction.opcode & 0xF]

    def step() -> int:
        store(1 if state.asked(address, condition(state.flags)) else 0)
        return following

    return step


def _translate(state: State, instruction: Instruction) -> Step:
    """Build XLAT: AL becomes the byte at EBX + AL."""
    accumulator, registers = register_operand(state, EAX, 1), state.registers
    segment = instruction.segment

    def source() -> int:
        return state.read((registers[EBX] + accumulator.load() + segment) & MASK, 1)

    return _move(state, accumulator, source, instruction.end)


BUILDERS: Final[dict[int, Builder]] = {
    **dict.fromkeys(range(0x88, 0x8C), _move_register),
    **dict.fromkeys((0xC6, 0xC7), _move_immediate),
    **dict.fromkeys(range(0xB0, 0xC0), _immediate_to_register),
    **dict.fromkeys(range(0xA0, 0xA4), _move_accumulator),
    **dict.fromkeys((0x0FB6, 0x0FB7, 0x0FBE, 0x0FBF), _extend),
    0x8D: _load_address,
    **dict.fromkeys((0x86, 0x87), _exchange_operands),
    **dict.fromkeys(range(0x90, 0x98), _exchange_accumulator),
    **dict.fromkeys((0x0FC0, 0x0FC1), _exchange_and_add),
    **dict.fromkeys((0x0FB0, 0x0FB1), _compare_and_exchange),
    0x0FC7: _compare_and_exchange_8_bytes,
    **dict.fromkeys(range(0x0F40, 0x0F50), _move_if),
    **dict.fromkeys(range(0x0F90, 0x0FA0), _set_if),
    0xD7: _translate,
}
