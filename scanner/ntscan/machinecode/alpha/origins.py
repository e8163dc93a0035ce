"""Where the value that a branch tests came from: the operands of the instruction that made it."""

from typing import Final

from ntscan.machinecode.alpha.arithmetic import Operation
from ntscan.machinecode.alpha.instruction import LDA, LDAH, LDL, ZERO, Instruction
from ntscan.machinecode.alpha.operate import operation_of
from ntscan.machinecode.alpha.state import AlphaState, Origin, Step, written
from ntscan.machinecode.alpha.words import LONGWORD, QUADWORD, is_sign_extended
from ntscan.machinecode.processor import Comparison

#: LDA, LDAH, LDBU, LDQ_U, LDWU, LDL, LDQ, BR, BSR and jumps: what they write has no operands, and
#: their steps note that by themselves.
_FORGETTING: Final = frozenset((LDA, LDAH, 0x0A, 0x0B, 0x0C, LDL, 0x29, 0x30, 0x34, 0x1A))
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
    if named := operation_of(instruction):
        return _tracing_operation(state, instruction, *named)
    if instruction.opcode == LDA and instruction.rb != ZERO:
        return _tracing_addition(state, instruction)
    if instruction.opcode in _FORGETTING:
        return step
    origins, register = state.origins, written(instruction.written_register)

    def forgetting() -> int:
        following = step()
        origins[register] = None
        return following

    return forgetting


def _tracing_operation(
    state: AlphaState, instruction: Instruction, mnemonic: str, operation: Operation
) -> Step:
    origins, registers, following = state.origins, state.registers, instruction.next
    ra, rb, rc = instruction.ra, instruction.rb, written(instruction.rc)
    literal = instruction.literal

    def remembering() -> int:
        first, second = registers[ra], registers[rb] if literal is None else literal
        registers[rc] = operation(first, second)
        origins[rc] = mnemonic, first, second
        return following

    def keeping() -> int:
        first, second = registers[ra], registers[rb] if literal is None else literal
        if literal is None and ra == ZERO:
            origin = origins[rb]
        else:
            origin = _kept(origins[ra], mnemonic, second, (mnemonic, first, second))
        registers[rc] = operation(first, second)
        origins[rc] = origin
        return following

    def moving() -> int:
        registers[rc] = registers[rb]
        origins[rc] = origins[rb]
        return following

    if (mnemonic, ra, literal) == ("bis", ZERO, None):
        return moving
    return keeping if mnemonic in _KEEPING else remembering


def _kept(source: Origin | None, mnemonic: str, second: int, own: Origin | None) -> Origin | None:
    """Return the origin of a result: the source's where that is a comparison, else its own."""
    copies = second == 0 and mnemonic in ("addl", "bis")
    if copies or (source is not None and source[0].startswith("cmp")):
        return source
    return own


def _tracing_addition(state: AlphaState, instruction: Instruction) -> Step:
    origins, registers, following = state.origins, state.registers, instruction.next
    ra, rb, added = written(instruction.ra), instruction.rb, instruction.displacement
    subtracted = -added & QUADWORD

    def remembering() -> int:
        first = registers[rb]
        registers[ra] = first + added & QUADWORD
        origins[ra] = ("subq", first, subtracted)
        return following

    return remembering
