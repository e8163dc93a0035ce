"""Decisions without a branch: a comparison whose result is kept, and a conditional move.

The branch hook is asked of them as of branches, so that inputs are sought for both outcomes.
"""

from typing import Final

from ntscan.machinecode.alpha.control import CONDITIONAL_BRANCHES
from ntscan.machinecode.alpha.instruction import INSTRUCTION_SIZE, ZERO, Instruction
from ntscan.machinecode.alpha.operate import CONDITIONAL_MOVES, CONDITIONS, LOW_BIT
from ntscan.machinecode.alpha.state import AlphaState, Ask, Decision, Step, written
from ntscan.machinecode.alpha.words import LONGWORD
from ntscan.machinecode.processor import MemoryFault

#: CMPULT, CMPEQ, CMPULE, CMPLT and CMPLE.
_COMPARISONS: Final = {(0x10, 0x1D), (0x10, 0x2D), (0x10, 0x3D), (0x10, 0x4D), (0x10, 0x6D)}
#: The instructions behind a comparison among which the branch on it is looked for.
_NEAR: Final = 8
_FIRST_BRANCH: Final = 0x30
_JUMP: Final = 0x1A


def conditional_move_step(
    state: AlphaState, instruction: Instruction, ask: Ask | None
) -> Step | None:
    """Return the step of a conditional move that moves where ``ask`` says so; else ``None``."""
    ending = CONDITIONAL_MOVES.get((instruction.opcode, instruction.function))
    if ending is None or ask is None:
        return None
    registers, following, condition = state.registers, instruction.next, CONDITIONS[ending]
    ra, rb, rc = instruction.ra, instruction.rb, written(instruction.rc)
    literal = instruction.literal
    decision = Decision(instruction.address, ra, ending in LOW_BIT)

    def asking() -> int:
        if ask(decision, condition(registers[ra])):
            registers[rc] = registers[rb] if literal is None else literal
        return following

    return asking


def deciding(state: AlphaState, instruction: Instruction, step: Step, ask: Ask) -> Step:
    """Return a step that also asks what a comparison finds, where no branch will ask it."""
    if (instruction.opcode, instruction.function) not in _COMPARISONS:
        return step
    if instruction.rc == ZERO or _is_branched_on(state, instruction):
        return step
    registers, register = state.registers, instruction.rc
    decision = Decision(instruction.address, register, low_bit=False)

    def asking() -> int:
        following = step()
        registers[register] = int(ask(decision, bool(registers[register])))
        return following

    return asking


def _is_branched_on(state: AlphaState, comparison: Instruction) -> bool:
    """Say whether a branch on the result follows, before anything else is done with it."""
    register = comparison.rc
    for number in range(_NEAR):
        address = comparison.next + number * INSTRUCTION_SIZE & LONGWORD
        try:
            code = state.memory.fetch(address, INSTRUCTION_SIZE)
        except MemoryFault:
            return False
        following = Instruction(address, int.from_bytes(code, "little"))
        if following.opcode in CONDITIONAL_BRANCHES and following.ra == register:
            return True
        ends = following.opcode >= _FIRST_BRANCH or following.opcode == _JUMP
        if ends or register in (following.ra, following.rb, following.written_register):
            return False
    return False
