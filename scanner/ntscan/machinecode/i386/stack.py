"""PUSH, POP, PUSHA, POPA, PUSHF, POPF, LAHF, SAHF, ENTER, LEAVE, and the flags set one by one."""

from typing import Final

from ntscan.machinecode.i386.flags import CARRY, OVERFLOW, STATUS, flags_of_word, word_of_flags
from ntscan.machinecode.i386.instruction import Builder, Instruction, outside
from ntscan.machinecode.i386.operands import Load, Operand, constant, register_operand
from ntscan.machinecode.i386.state import EBP, ESP, MASK, State, Step

_AH: Final = 4
_WHOLE: Final = 4


def _push(state: State, source: Load, size: int, following: int) -> Step:
    registers, write, push = state.registers, state.write, state.push

    def whole() -> int:
        push(source())
        return following

    def step() -> int:
        value = source()
        top = (registers[ESP] - size) & MASK
        write(top, size, value)
        registers[ESP] = top
        return following

    return whole if size == _WHOLE else step


def _push_register(state: State, instruction: Instruction) -> Step:
    target = register_operand(state, instruction.opcode & 7, instruction.size)
    return _push(state, target.load, instruction.size, instruction.end)


def _push_immediate(state: State, instruction: Instruction) -> Step:
    """Build PUSH of an immediate (0x68) or of a byte whose sign is extended (0x6A)."""
    value = instruction.signed(1 if instruction.opcode & 2 else instruction.size)
    mask = (1 << 8 * instruction.size) - 1
    return _push(state, constant(value & mask), instruction.size, instruction.end)


def push_operand(state: State, instruction: Instruction) -> Step:
    """Build PUSH of a register or memory (0xFF /6)."""
    source = instruction.low_operand(instruction.size).load
    return _push(state, source, instruction.size, instruction.end)


def _pop(state: State, target: Operand, size: int, following: int) -> Step:
    registers, read, store = state.registers, state.read, target.store

    def step() -> int:
        top = registers[ESP]
        value = read(top, size)
        # An operand that is addressed by ESP, or is ESP, finds it moved (SDM, "POP").
        registers[ESP] = (top + size) & MASK
        store(value)
        return following

    return step


def _pop_register(state: State, instruction: Instruction) -> Step:
    target = register_operand(state, instruction.opcode & 7, instruction.size)
    return _pop(state, target, instruction.size, instruction.end)


def _pop_operand(state: State, instruction: Instruction) -> Step:
    instruction.take_modrm()
    if instruction.middle:
        raise outside(f"opcode 8f /{instruction.middle}")
    target = instruction.low_operand(instruction.size)
    return _pop(state, target, instruction.size, instruction.end)


def _whole(instruction: Instruction, name: str) -> int:
    """Return the address after an instruction that is supported with 32-bit operands only."""
    if instruction.size != _WHOLE:
        raise outside(f"{name} of 16 bits")
    return instruction.end


def _push_all(state: State, instruction: Instruction) -> Step:
    following = _whole(instruction, "pusha")

    def step() -> int:
        for value in tuple(state.registers):
            state.push(value)
        return following

    return step


def _pop_all(state: State, instruction: Instruction) -> Step:
    following = _whole(instruction, "popa")

    def step() -> int:
        values = [state.pop() for _ in state.registers][::-1]
        values[ESP] = state.registers[ESP]
        state.registers[:] = values
        return following

    return step


def _push_flags(state: State, instruction: Instruction) -> Step:
    return _push(state, state.eflags, _WHOLE, _whole(instruction, "pushf"))


def _pop_flags(state: State, instruction: Instruction) -> Step:
    following = _whole(instruction, "popf")

    def step() -> int:
        state.set_eflags(state.pop())
        return following

    return step


def _flags_to_ah(state: State, instruction: Instruction) -> Step:
    store, following = register_operand(state, _AH, 1).store, instruction.end

    def step() -> int:
        store(state.eflags() & 0xFF)
        return following

    return step


def _ah_to_flags(state: State, instruction: Instruction) -> Step:
    load, following = register_operand(state, _AH, 1).load, instruction.end

    def step() -> int:
        kept = word_of_flags(state.flags) & OVERFLOW
        state.flags = flags_of_word(kept | load() & STATUS)
        return following

    return step


def _enter(state: State, instruction: Instruction) -> Step:
    room = instruction.unsigned(2)
    if instruction.unsigned(1) & 0x1F:
        raise outside("enter of a nested procedure")
    following, registers = _whole(instruction, "enter"), state.registers

    def step() -> int:
        state.push(registers[EBP])
        registers[EBP] = registers[ESP]
        registers[ESP] = (registers[ESP] - room) & MASK
        return following

    return step


def _leave(state: State, instruction: Instruction) -> Step:
    following, registers, read = _whole(instruction, "leave"), state.registers, state.read

    def step() -> int:
        frame = registers[EBP]
        registers[EBP] = read(frame, 4)
        registers[ESP] = (frame + 4) & MASK
        return following

    return step


def _change_carry(state: State, instruction: Instruction) -> Step:
    """Build CMC (0xF5), CLC (0xF8) or STC (0xF9)."""
    following, opcode = instruction.end, instruction.opcode
    kept = -1 if opcode == 0xF5 else ~CARRY  # noqa: PLR2004  opcode
    changed = 0 if opcode == 0xF8 else CARRY  # noqa: PLR2004  opcode

    def step() -> int:
        state.flags = flags_of_word(word_of_flags(state.flags) & kept ^ changed)
        return following

    return step


def _change_direction(state: State, instruction: Instruction) -> Step:
    following, direction = instruction.end, -1 if instruction.opcode & 1 else 1

    def step() -> int:
        state.step = direction
        return following

    return step


def _no_operation(state: State, instruction: Instruction) -> Step:
    """Build CLI and STI, which change nothing that is modelled, and NOP of many bytes."""
    del state
    if instruction.opcode == 0x0F1F:  # noqa: PLR2004  opcode
        instruction.take_modrm()
        instruction.low_operand(instruction.size)
    return constant(instruction.end)


BUILDERS: Final[dict[int, Builder]] = {
    **dict.fromkeys(range(0x50, 0x58), _push_register),
    **dict.fromkeys(range(0x58, 0x60), _pop_register),
    **dict.fromkeys((0x68, 0x6A), _push_immediate),
    0x8F: _pop_operand,
    0x60: _push_all,
    0x61: _pop_all,
    0x9C: _push_flags,
    0x9D: _pop_flags,
    0x9E: _ah_to_flags,
    0x9F: _flags_to_ah,
    0xC8: _enter,
    0xC9: _leave,
    **dict.fromkeys((0xF5, 0xF8, 0xF9), _change_carry),
    **dict.fromkeys((0xFC, 0xFD), _change_direction),
    **dict.fromkeys((0xFA, 0xFB, 0x0F1F), _no_operation),
}
