"""From an address to a step that runs the instruction there; each is decoded once."""

from ntscan.machinecode.alpha.control import conditional_branch_step, control_step
from ntscan.machinecode.alpha.decisions import conditional_move_step, deciding
from ntscan.machinecode.alpha.instruction import INSTRUCTION_SIZE, Instruction
from ntscan.machinecode.alpha.memory_access import memory_step
from ntscan.machinecode.alpha.mnemonics import unsupported_mnemonic
from ntscan.machinecode.alpha.operate import operate_step
from ntscan.machinecode.alpha.origins import tracing
from ntscan.machinecode.alpha.state import AlphaState, Ask, Halted, Step
from ntscan.machinecode.processor import StopKind


class Decoder(dict[int, Step]):
    """The steps of a processor by address, each decoded when it is first asked for.

    With ``ask`` the steps also keep the origins of registers, and conditional branches go where it
    says. Asking for an address raises Halted where no instruction of the image lies.
    """

    def __init__(self, state: AlphaState, ask: Ask | None = None) -> None:
        super().__init__()
        self._state = state
        self._ask = ask

    def __missing__(self, address: int) -> Step:
        """Decode the instruction at an address."""
        memory = self._state.memory
        if not memory.is_code(address):
            raise Halted(StopKind.LEFT_IMAGE)
        if address % INSTRUCTION_SIZE:
            raise Halted(StopKind.FAULT, "code at an address that is not aligned")
        code = memory.fetch(address, INSTRUCTION_SIZE)
        if len(code) < INSTRUCTION_SIZE:
            raise Halted(StopKind.FAULT, "code that ends within an instruction")
        step = self._step(Instruction(address, int.from_bytes(code, "little")))
        self[address] = step
        return step

    def _step(self, instruction: Instruction) -> Step:
        state = self._state
        if branch := conditional_branch_step(state, instruction, self._ask):
            return branch
        step = (
            conditional_move_step(state, instruction, self._ask)
            or operate_step(state, instruction)
            or memory_step(state, instruction)
            or control_step(state, instruction)
        )
        if step is None:
            return _unsupported(unsupported_mnemonic(instruction.word))
        if self._ask is None:
            return step
        return deciding(state, instruction, tracing(state, instruction, step), self._ask)


def _unsupported(mnemonic: str) -> Step:
    def step() -> int:
        raise Halted(StopKind.UNSUPPORTED, mnemonic)

    return step
