"""Steps of the operate instructions: registers and literals in, a register out."""

from collections.abc import Callable
from typing import Final

from ntscan.machinecode.alpha.arithmetic import IntegerOverflow, Operation
from ntscan.machinecode.alpha.instruction import OPERATIONS, Instruction
from ntscan.machinecode.alpha.state import AlphaState, Halted, Step, written
from ntscan.machinecode.alpha.words import QUADWORD_SIGN
from ntscan.machinecode.processor import StopKind

#: What a quadword is asked by branches and conditional moves, by the end of their mnemonics.
CONDITIONS: Final[dict[str, Callable[[int], bool]]] = {
    "eq": lambda value: value == 0,
    "ne": lambda value: value != 0,
    "lt": lambda value: value >= QUADWORD_SIGN,
    "ge": lambda value: value < QUADWORD_SIGN,
    "le": lambda value: value == 0 or value >= QUADWORD_SIGN,
    "gt": lambda value: 0 < value < QUADWORD_SIGN,
    "lbc": lambda value: value & 1 == 0,
    "lbs": lambda value: value & 1 == 1,
}
#: Those that ask the lowest bit alone.
LOW_BIT: Final = ("lbc", "lbs")
#: What a conditional move asks of its first register, by opcode and function code.
CONDITIONAL_MOVES: Final = {
    (0x11, 0x14): "lbs",
    (0x11, 0x16): "lbc",
    (0x11, 0x24): "eq",
    (0x11, 0x26): "ne",
    (0x11, 0x44): "lt",
    (0x11, 0x46): "ge",
    (0x11, 0x64): "le",
    (0x11, 0x66): "gt",
}


def operate_step(state: AlphaState, instruction: Instruction) -> Step | None:
    """Return the step of an operate instruction; ``None`` where it is outside the subset."""
    if ending := CONDITIONAL_MOVES.get((instruction.opcode, instruction.function)):
        return _conditional_move(state, instruction, CONDITIONS[ending])
    named = operation_of(instruction)
    return _operation(state, instruction, named[1]) if named else None


def operation_of(instruction: Instruction) -> tuple[str, Operation] | None:
    """Return the mnemonic of an operate instruction, and what it does with two operands."""
    named = OPERATIONS.get((instruction.opcode, instruction.function))
    if named and named[0].endswith("/v"):
        return named[0], _halting(*named)
    return named


def _operation(state: AlphaState, instruction: Instruction, operation: Operation) -> Step:
    registers, following = state.registers, instruction.next
    ra, rb, rc = instruction.ra, instruction.rb, written(instruction.rc)
    literal = instruction.literal

    def with_register() -> int:
        registers[rc] = operation(registers[ra], registers[rb])
        return following

    if literal is None:
        return with_register
    second = literal

    def with_literal() -> int:
        registers[rc] = operation(registers[ra], second)
        return following

    return with_literal


def _conditional_move(
    state: AlphaState, instruction: Instruction, condition: Callable[[int], bool]
) -> Step:
    registers, following = state.registers, instruction.next
    ra, rb, rc = instruction.ra, instruction.rb, written(instruction.rc)
    literal = instruction.literal

    def step() -> int:
        if condition(registers[ra]):
            registers[rc] = registers[rb] if literal is None else literal
        return following

    return step


def _halting(mnemonic: str, operation: Operation) -> Operation:
    def guarded(a: int, b: int) -> int:
        try:
            return operation(a, b)
        except IntegerOverflow:
            raise Halted(StopKind.FAULT, f"integer overflow in {mnemonic}") from None

    return guarded
