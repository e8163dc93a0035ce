"""JMP, Jcc, CALL, RET, LOOP and JECXZ."""

from collections.abc import Callable
from typing import Final

from ntscan.machinecode.i386.conditions import CONDITIONS
from ntscan.machinecode.i386.instruction import Builder, Instruction, outside
from ntscan.machinecode.i386.state import ECX, ESP, MASK, State, Step
from ntscan.machinecode.processor import Comparison

_WHOLE: Final = 4
_LOOP: Final = 0xE2


def _refuse_16_bits(instruction: Instruction) -> None:
    if instruction.size != _WHOLE:
        raise outside("a branch of 16 bits")


def _target(instruction: Instruction, size: int) -> int:
    _refuse_16_bits(instruction)
    displacement = instruction.signed(size)
    return (instruction.end + displacement) & MASK


def _branch_if(state: State, instruction: Instruction) -> Step:
    """Build Jcc with a displacement of one byte (0x70 to 0x7F) or of four (0x0F80 to 0x0F8F)."""
    target = _target(instruction, 4 if instruction.opcode > 0xFF else 1)  # noqa: PLR2004  opcode
    condition = CONDITIONS[instruction.opcode & 0xF]
    address, following = instruction.address, instruction.end

    def step() -> int:
        taken = condition(state.flags)
        if state.branch_hook is not None:
            taken = state.asked(address, taken)
        return target if taken else following

    return step


def _jump(state: State, instruction: Instruction) -> Step:
    del state
    target = _target(instruction, 1 if instruction.opcode & 2 else 4)
    return lambda: target


def _call(state: State, instruction: Instruction) -> Step:
    target = _target(instruction, 4)
    following, push = instruction.end, state.push

    def step() -> int:
        push(following)
        return target

    return step


def jump_to_operand(state: State, instruction: Instruction) -> Step:
    """Build JMP to where a register or memory points (0xFF /4)."""
    del state
    _refuse_16_bits(instruction)
    return instruction.low_operand(_WHOLE).load


def call_operand(state: State, instruction: Instruction) -> Step:
    """Build CALL of where a register or memory points (0xFF /2)."""
    _refuse_16_bits(instruction)
    load, push = instruction.low_operand(_WHOLE).load, state.push
    following = instruction.end

    def step() -> int:
        target = load()
        push(following)
        return target

    return step


def _return(state: State, instruction: Instruction) -> Step:
    """Build RET (0xC3), or RET that takes arguments off the stack (0xC2)."""
    _refuse_16_bits(instruction)
    room = 4 if instruction.opcode & 1 else 4 + instruction.unsigned(2)
    registers, read = state.registers, state.read

    def step() -> int:
        top = registers[ESP]
        target = read(top, 4)
        registers[ESP] = (top + room) & MASK
        return target

    return step


def _count_down(state: State, instruction: Instruction) -> Step:
    """Build LOOPNE, LOOPE, LOOP (0xE0 to 0xE2) or JECXZ (0xE3)."""
    target = _target(instruction, 1)
    address, following, registers = instruction.address, instruction.end, state.registers
    goes_on, counts = _goes_on(state, instruction.opcode), instruction.opcode <= _LOOP

    def step() -> int:
        count = registers[ECX]
        if counts:
            count = registers[ECX] = (count - 1) & MASK
        taken = goes_on(count)
        if state.branch_hook is not None:
            state.compared = Comparison(operation="cmp", left=count, right=0, size=4)
            try:
                taken = state.asked(address, taken)
            finally:
                state.compared = None
        return target if taken else following

    return step


def _goes_on(state: State, opcode: int) -> Callable[[int], bool]:
    match opcode:
        case 0xE0:
            return lambda count: count != 0 and state.flags[3] != 0
        case 0xE1:
            return lambda count: count != 0 and state.flags[3] == 0
        case 0xE2:
            return lambda count: count != 0
    return lambda count: count == 0


BUILDERS: Final[dict[int, Builder]] = {
    **dict.fromkeys(range(0x70, 0x80), _branch_if),
    **dict.fromkeys(range(0x0F80, 0x0F90), _branch_if),
    0xE9: _jump,
    0xEB: _jump,
    0xE8: _call,
    **dict.fromkeys((0xC2, 0xC3), _return),
    **dict.fromkeys(range(0xE0, 0xE4), _count_down),
}
