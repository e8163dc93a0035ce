"""Steps of branches, jumps, barriers and PALcode calls."""

from typing import Final

from ntscan.machinecode.alpha.instruction import V0, Instruction
from ntscan.machinecode.alpha.operate import CONDITIONS, LOW_BIT
from ntscan.machinecode.alpha.state import AlphaState, Ask, Decision, Step, memory_address, written
from ntscan.machinecode.alpha.words import LONGWORD, sign_extended

#: What a conditional branch asks of its first register, by opcode.
CONDITIONAL_BRANCHES: Final = {
    0x38: "lbc",
    0x39: "eq",
    0x3A: "lt",
    0x3B: "le",
    0x3C: "lbs",
    0x3D: "ne",
    0x3E: "ge",
    0x3F: "gt",
}
_RPCC: Final = 0xC000
#: TRAPB, EXCB, MB, WMB, FETCH, FETCH_M, ECB, WH64: order and hints, nothing that is seen here.
_WITHOUT_EFFECT: Final = {0x0000, 0x0400, 0x4000, 0x4400, 0x8000, 0xA000, 0xE800, 0xF800}
_A0: Final = 16


def conditional_branch_step(
    state: AlphaState, instruction: Instruction, ask: Ask | None
) -> Step | None:
    """Return the step of a conditional branch, which goes where ``ask`` says, if there is one.

    ``None`` for any other instruction.
    """
    ending = CONDITIONAL_BRANCHES.get(instruction.opcode)
    if ending is None:
        return None
    registers, condition, ra = state.registers, CONDITIONS[ending], instruction.ra
    following, target = instruction.next, instruction.target

    def step() -> int:
        return target if condition(registers[ra]) else following

    if ask is None:
        return step
    asked, decision = ask, Decision(instruction.address, ra, ending in LOW_BIT)

    def asking() -> int:
        return target if asked(decision, condition(registers[ra])) else following

    return asking


def control_step(state: AlphaState, instruction: Instruction) -> Step | None:
    """Return the step of a branch, a jump, a barrier or a call of PALcode that drivers make.

    ``None`` for any other instruction.
    """
    match instruction.opcode:
        case 0x30 | 0x34:  # BR, BSR
            return _branch(state, instruction)
        case 0x1A:  # JMP, JSR, RET, JSR_COROUTINE
            return _jump(state, instruction)
        case 0x18:  # barriers, hints, RPCC
            return _miscellaneous(state, instruction)
        case 0x00:
            return _call_pal(state, instruction)
        case _:
            return None


def _branch(state: AlphaState, instruction: Instruction) -> Step:
    registers, ra, target = state.registers, written(instruction.ra), instruction.target
    link, origins = sign_extended(instruction.next), state.origins

    def step() -> int:
        registers[ra] = link
        origins[ra] = None
        return target

    return step


def _jump(state: AlphaState, instruction: Instruction) -> Step:
    registers, ra, rb = state.registers, written(instruction.ra), instruction.rb
    link, origins = sign_extended(instruction.next), state.origins

    def step() -> int:
        target = memory_address(registers[rb] & ~3)
        registers[ra] = link
        origins[ra] = None
        return target

    return step


def _miscellaneous(state: AlphaState, instruction: Instruction) -> Step | None:
    registers, ra, following = state.registers, written(instruction.ra), instruction.next
    function = instruction.word & 0xFFFF
    if function in _WITHOUT_EFFECT:
        return lambda: following
    if function != _RPCC:
        return None

    def read_cycle_counter() -> int:
        state.cycles += 1
        registers[ra] = state.cycles & LONGWORD
        return following

    return read_cycle_counter


def _call_pal(state: AlphaState, instruction: Instruction) -> Step | None:
    registers, following = state.registers, instruction.next

    def read_irql() -> int:
        registers[V0] = state.irql
        return following

    def swap_irql() -> int:
        registers[V0], state.irql = state.irql, registers[_A0] & 0xFF
        return following

    match instruction.word & 0x3FF_FFFF:
        case 0x02 | 0x86:  # DRAINA; IMB, before code that was written: here none can be
            return lambda: following
        case 0x06:  # SWPIRQL
            return swap_irql
        case 0x07:  # RDIRQL
            return read_irql
        case _:
            return None
