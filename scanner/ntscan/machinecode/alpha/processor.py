"""An Alpha processor that runs an image's integer code.

Calls follow the Windows NT for Alpha Systems calling standard (MSDN Library, April 2000, "Calling
Standard for Alpha", sections 2.2 and 4.1.2): arguments in R16 to R21, further ones as quadwords at
0(SP); result in R0, return address in R26; R9 to R15 and SP are given back unchanged; a procedure
value is the address of the first instruction.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from ntscan.machinecode.alpha.decoder import Decoder
from ntscan.machinecode.alpha.instruction import RA, SP, V0
from ntscan.machinecode.alpha.origins import comparison_behind
from ntscan.machinecode.alpha.state import AlphaState, Decision, Halted
from ntscan.machinecode.alpha.words import LONGWORD, sign_extended
from ntscan.machinecode.processor import (
    OF_THE_CALLER,
    BranchHook,
    Comparison,
    Memory,
    MemoryFault,
    Stop,
    StopKind,
)

_FIRST_ARGUMENT: Final = 16
_ARGUMENTS_IN_REGISTERS: Final = 6
_ARGUMENT_SIZE: Final = 8
_STACK_ALIGNMENT: Final = 16
#: R9 to R15, which a routine must give back.
_PRESERVED: Final = slice(9, 16)


class _ArgumentArea(Struct, frozen=True):
    """Arguments that ``start_call`` put on the stack, to be taken off at the routine's return."""

    return_to: int
    stack_pointer: int
    size: int


class _Saved(Struct, frozen=True):
    registers: tuple[int, ...]
    program_counter: int
    irql: int
    argument_areas: tuple[_ArgumentArea, ...]
    locked: int | None
    cycles: int


class AlphaProcessor:
    """A Processor for Alpha images: EV56, of which code for EV4 uses a part.

    ``stack_pointer`` is where the stack begins; it grows downwards. An instruction is decoded once.
    """

    def __init__(self, memory: Memory, stack_pointer: int) -> None:
        self.instructions = 0
        self.branch_hook: BranchHook | None = None
        self.program_counter = 0
        self._state = AlphaState(memory)
        self._state.registers[SP] = sign_extended(stack_pointer)
        for number in range(_PRESERVED.start, _PRESERVED.stop):
            self._state.registers[number] = OF_THE_CALLER + number
        self._argument_areas: list[_ArgumentArea] = []
        self._decision: Decision | None = None
        self._plain = Decoder(self._state)
        self._asking = Decoder(self._state, self._ask)

    def run(self, limit: int) -> Stop:
        """Run from ``program_counter`` for at most so many instructions; raises nothing.

        But for what the branch hook raises.
        """
        steps = self._plain if self.branch_hook is None else self._asking
        address = self.program_counter
        limit = max(limit, 0)
        executed = 0
        try:
            for executed in range(limit):  # noqa: B007  counted where an instruction ends the run
                address = steps[address]()
        except Halted as halted:
            stop = Stop(kind=halted.kind, address=address, detail=halted.detail)
        except MemoryFault as fault:
            stop = Stop(kind=StopKind.FAULT, address=address, detail=str(fault))
        else:
            executed = limit
            stop = Stop(kind=StopKind.LIMIT, address=address)
        finally:
            self.program_counter = address
            self.instructions += executed
        self._take_off_arguments(stop)
        return stop

    def comparison(self) -> Comparison | None:
        """Tell, inside the branch hook, what the branch depends on; ``None`` outside it."""
        decision, state = self._decision, self._state
        if decision is None:
            return None
        register = decision.register
        return comparison_behind(
            state.origins[register], state.registers[register], low_bit=decision.low_bit
        )

    def start_call(self, address: int, arguments: Sequence[int], return_to: int) -> None:
        """Set up a call of a routine that returns to an address outside the image.

        MemoryFault where the stack has no room for the arguments past six.
        """
        registers = self._state.registers
        in_registers = arguments[:_ARGUMENTS_IN_REGISTERS]
        on_stack = arguments[_ARGUMENTS_IN_REGISTERS:]
        for register, argument in enumerate(in_registers, _FIRST_ARGUMENT):
            registers[register] = sign_extended(argument)
        if on_stack:
            self._put_on_stack(on_stack, return_to)
        registers[RA] = sign_extended(return_to)
        self._state.origins[:] = [None] * len(registers)
        self.program_counter = address & LONGWORD

    def argument(self, index: int) -> int:
        """Read an argument of the routine just entered, from 0; MemoryFault without a stack."""
        if index < _ARGUMENTS_IN_REGISTERS:
            return self._state.registers[_FIRST_ARGUMENT + index] & LONGWORD
        offset = _ARGUMENT_SIZE * (index - _ARGUMENTS_IN_REGISTERS)
        return self._state.memory.read(self._stack_pointer + offset & LONGWORD, 4)

    def fastcall_argument(self, index: int) -> int:
        """Read an argument as ``argument`` does: Alpha has one convention."""
        return self.argument(index)

    def finish_call(self, value: int, arguments_on_stack: int = 0) -> None:  # noqa: ARG002  i386's
        """Return from the routine just entered; a caller takes its own arguments off the stack."""
        self._state.registers[V0] = sign_extended(value)
        self._state.origins[V0] = None
        self.program_counter = self.return_address()

    def return_address(self) -> int:
        """Read where the routine that has just been entered returns to."""
        return self._state.registers[RA] & LONGWORD

    def result(self) -> int:
        """Read the low longword of V0."""
        return self._state.registers[V0] & LONGWORD

    def preserved(self) -> tuple[int, ...]:
        """Return SP and R9 to R15, which a routine must give back unchanged."""
        registers = self._state.registers
        return registers[SP], *registers[_PRESERVED]

    def save(self) -> object:
        """Copy all registers, for ``restore``."""
        return _Saved(
            registers=tuple(self._state.registers),
            program_counter=self.program_counter,
            irql=self._state.irql,
            argument_areas=tuple(self._argument_areas),
            locked=self._state.locked,
            cycles=self._state.cycles,
        )

    def restore(self, saved: object) -> None:
        """Put back what ``save`` copied; TypeError for anything else."""
        if not isinstance(saved, _Saved):
            raise TypeError("these registers were not saved by an Alpha processor")
        state = self._state
        state.registers[:] = saved.registers
        state.origins[:] = [None] * len(saved.registers)
        state.irql = saved.irql
        state.locked = None
        self.program_counter = saved.program_counter
        self._argument_areas[:] = saved.argument_areas

    def _ask(self, decision: Decision, taken: bool) -> bool:
        if self.branch_hook is None:
            return taken
        self._decision = decision
        self.program_counter = decision.address
        try:
            return self.branch_hook(decision.address, taken)
        finally:
            self._decision = None

    @property
    def _stack_pointer(self) -> int:
        return self._state.registers[SP] & LONGWORD

    def _put_on_stack(self, arguments: Sequence[int], return_to: int) -> None:
        size = _ARGUMENT_SIZE * len(arguments)
        size += -size % _STACK_ALIGNMENT
        start = self._stack_pointer - size & LONGWORD
        for index, argument in enumerate(arguments):
            place = start + _ARGUMENT_SIZE * index & LONGWORD
            self._state.memory.write(place, _ARGUMENT_SIZE, sign_extended(argument))
        self._state.registers[SP] = sign_extended(start)
        self._argument_areas.append(
            _ArgumentArea(return_to=return_to & LONGWORD, stack_pointer=start, size=size)
        )

    def _take_off_arguments(self, stop: Stop) -> None:
        """Do what a caller does once its call has returned."""
        if stop.kind is not StopKind.LEFT_IMAGE or not self._argument_areas:
            return
        area = self._argument_areas[-1]
        if (stop.address, self._stack_pointer) == (area.return_to, area.stack_pointer):
            self._argument_areas.pop()
            self._state.registers[SP] = sign_extended(area.stack_pointer + area.size)
