"""MOVS, STOS, LODS, CMPS and SCAS.

With a repeat prefix each turn is an instruction of its own that leads back to itself, as it is for
an interrupt on the processor; so a limit on instructions limits them too.
"""

from typing import Final

from ntscan.machinecode.i386.arithmetic import subtraction_rule
from ntscan.machinecode.i386.instruction import Builder, Instruction
from ntscan.machinecode.i386.operands import register_operand
from ntscan.machinecode.i386.state import EAX, ECX, EDI, ESI, MASK, State, Step

_REPNE: Final = 0xF2


def _repeated(state: State, instruction: Instruction, turn: Step) -> Step:
    """Repeat MOVS, STOS and LODS while ECX counts down."""
    if not instruction.repeat:
        return turn
    registers, address, following = state.registers, instruction.address, instruction.end

    def step() -> int:
        count = registers[ECX]
        if not count:
            return following
        turn()
        registers[ECX] = count - 1
        return address if count > 1 else following

    return step


def _repeated_while(state: State, instruction: Instruction, turn: Step) -> Step:
    """Repeat CMPS and SCAS, while equal (REPE) or different (REPNE)."""
    if not instruction.repeat:
        return turn
    repeated, following = _repeated(state, instruction, turn), instruction.end
    while_different, registers = instruction.repeat == _REPNE, state.registers

    def step() -> int:
        if not registers[ECX]:
            return following
        goes_to = repeated()
        return goes_to if (state.flags[3] != 0) == while_different else following

    return step


def _move(state: State, instruction: Instruction) -> Step:
    size, following, segment = instruction.byte_or_size(), instruction.end, instruction.segment
    registers, read, write = state.registers, state.read, state.write

    def turn() -> int:
        source, target = registers[ESI], registers[EDI]
        write(target, size, read((source + segment) & MASK, size))
        registers[ESI] = (source + state.step * size) & MASK
        registers[EDI] = (target + state.step * size) & MASK
        return following

    return _repeated(state, instruction, turn)


def _store(state: State, instruction: Instruction) -> Step:
    size, following = instruction.byte_or_size(), instruction.end
    registers, load = state.registers, register_operand(state, EAX, size).load

    def turn() -> int:
        target = registers[EDI]
        state.write(target, size, load())
        registers[EDI] = (target + state.step * size) & MASK
        return following

    return _repeated(state, instruction, turn)


def _load(state: State, instruction: Instruction) -> Step:
    size, following, segment = instruction.byte_or_size(), instruction.end, instruction.segment
    registers, store = state.registers, register_operand(state, EAX, size).store

    def turn() -> int:
        source = registers[ESI]
        store(state.read((source + segment) & MASK, size))
        registers[ESI] = (source + state.step * size) & MASK
        return following

    return _repeated(state, instruction, turn)


def _compare(state: State, instruction: Instruction) -> Step:
    size, following, segment = instruction.byte_or_size(), instruction.end, instruction.segment
    registers, read = state.registers, state.read
    rule, mask = subtraction_rule("cmp", size), (1 << 8 * size) - 1

    def turn() -> int:
        source, target = registers[ESI], registers[EDI]
        left, right = read((source + segment) & MASK, size), read(target, size)
        state.flags = (rule, left, right, (left - right) & mask)
        registers[ESI] = (source + state.step * size) & MASK
        registers[EDI] = (target + state.step * size) & MASK
        return following

    return _repeated_while(state, instruction, turn)


def _scan(state: State, instruction: Instruction) -> Step:
    size, following = instruction.byte_or_size(), instruction.end
    registers, load = state.registers, register_operand(state, EAX, size).load
    rule, mask = subtraction_rule("cmp", size), (1 << 8 * size) - 1

    def turn() -> int:
        target = registers[EDI]
        left, right = load(), state.read(target, size)
        state.flags = (rule, left, right, (left - right) & mask)
        registers[EDI] = (target + state.step * size) & MASK
        return following

    return _repeated_while(state, instruction, turn)


BUILDERS: Final[dict[int, Builder]] = {
    **dict.fromkeys((0xA4, 0xA5), _move),
    **dict.fromkeys((0xA6, 0xA7), _compare),
    **dict.fromkeys((0xAA, 0xAB), _store),
    **dict.fromkeys((0xAC, 0xAD), _load),
    **dict.fromkeys((0xAE, 0xAF), _scan),
}
