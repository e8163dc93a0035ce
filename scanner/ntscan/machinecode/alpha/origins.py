"""Where the value that a branch tests came from: the operands of the instruction that made it."""

from typing import Final

from ntscan.machinecode.alpha.instruction import LDA, OPERATIONS, ZERO, Instruction
from ntscan.machinecode.alpha.state import AlphaState, Origin, Step, written
from ntscan.machinecode.alpha.words import LONGWORD, QUADWORD, is_sign_extended
from ntscan.machinecode.processor import Comparison

_LONGWORD_SIZE: Final = 4
_QUADWORD_SIZE: Final = 8
#: Instructions that only widen or narrow what a comparison found, or turn it round.
_KEEPING: Final = frozenset(("addl", "and", "bis", "cmpeq", "xor", "zapnot"))


def comparison_behind(origin: Origin | None, value: int, *, low_bit: bool) -> Comparison:
    """Tell what a branch depends on that tests a register of this origin and value.

    A value of unknown origin, such as one just loaded, is its own ``test``; of its low bit alone,
    an ``and`` with 1.
    """
    operation, left, right = origin or (("and", value, 1) if low_bit else ("test", value, value))
    if is_sign_extended(left) and is_sign_extended(right):
        return Comparison(
            operation=operation, left=left & LONGWORD, right=right & LONGWORD, size=_LONGWORD_SIZE
        )
    return Comparison(operation=operation, left=left, right=right, size=_QUADWORD_SIZE)


def tracing(state: AlphaState, instruction: Instruction, step: Step) -> Step:
    """Return a step that also remembers where the register that it writes has its value from."""
    if instruction.written_register is None:
        return step
    if code := OPERATIONS.get((instruction.opcode, instruction.function)):
        return _tracing_operation(state, instruction, code[0], step)
    if instruction.opcode == LDA and instruction.rb != ZERO:
        return _tracing_addition(state, instruction, step)
    origins, register = state.origins, written(instruction.written_register)

    def forgetting() -> int:
        following = step()
        origins[register] = None
        return following

    return forgetting


def _tracing_operation(
    state: AlphaState, instruction: Instruction, mnemonic: str, step: Step
) -> Step:
    origins, registers = state.origins, state.registers
    ra, rb, rc = instruction.ra, instruction.rb, written(instruction.rc)
    literal = instruction.literal
    keeping = mnemonic in _KEEPING

    def remembering() -> int:
        second = registers[rb] if literal is None else literal
        origin: Origin | None = (mnemonic, registers[ra], second)
        if keeping:
            origin = _kept(origins[ra], mnemonic, second, origin)
            if literal is None and ra == ZERO:
                origin = origins[rb]
        following = step()
        origins[rc] = origin
        return following

    return remembering


def _kept(source: Origin | None, mnemonic: str, second: int, own: Origin | None) -> Origin | None:
    """Return the origin of a result: the source's where that is a comparison, else its own."""
    copies = second == 0 and mnemonic in ("addl", "bis")
    if copies or (source is not None and source[0].startswith("cmp")):
        return source
    return own


def _tracing_addition(state: AlphaState, instruction: Instruction, step: Step) -> Step:
    origins, registers = state.origins, state.registers
    ra, rb = written(instruction.ra), instruction.rb
    subtracted = -instruction.displacement & QUADWORD

    def remembering() -> int:
        origin = ("subq", registers[rb], subtracted)
        following = step()
        origins[ra] = origin
        return following

    return remembering
