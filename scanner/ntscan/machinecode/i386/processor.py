"""The i386 as the kernel model runs it; the door of this package."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from ntscan.machinecode.i386.decode import decode
from ntscan.machinecode.i386.flags import Flags
from ntscan.machinecode.i386.instruction import Instruction
from ntscan.machinecode.i386.state import (
    EAX,
    EBP,
    EBX,
    ECX,
    EDI,
    EDX,
    ESI,
    ESP,
    LONGEST_INSTRUCTION,
    MASK,
    ProcessorFaultError,
    State,
    Step,
    UnsupportedInstructionError,
)
from ntscan.machinecode.processor import Comparison, Memory, MemoryFault, Stop, StopKind

#: Where NT 4.0 keeps the processor control region that FS points to in the kernel (ntddk.h: KPCR).
KPCR: Final = 0xFFDFF000

_MOST_DECODED: Final = 65_536


class _LeftImageError(Exception):
    """Control went where the image has no code."""


class _DecodedCode(dict[int, Step]):
    """The steps by their address; each is decoded when it is first reached."""

    def __init__(self, state: State) -> None:
        super().__init__()
        self._state = state

    def __missing__(self, address: int) -> Step:
        state = self._state
        if not state.memory.is_code(address):
            raise _LeftImageError
        instruction = Instruction(state, address, state.memory.fetch(address, LONGEST_INSTRUCTION))
        step = decode(state, instruction)
        if len(self) >= _MOST_DECODED:
            self.clear()
        self[address] = step
        return step


class _Saved(Struct, frozen=True):
    registers: tuple[int, ...]
    flags: Flags
    step: int
    program_counter: int


class I386Processor(State):
    """A Processor that runs i386 code; ``ntscan.machinecode.processor`` says what its methods do.

    ``stack_top`` is ESP before anything is pushed. ``fs_base`` is the address that FS stands for.
    ``instructions`` is brought up to date when ``run`` returns.
    """

    def __init__(self, memory: Memory, *, stack_top: int, fs_base: int = KPCR) -> None:
        super().__init__(memory, stack_top=stack_top, fs_base=fs_base)
        self.instructions = 0
        self.code = _DecodedCode(self)

    def run(self, limit: int) -> Stop:
        """Run from ``program_counter`` for at most so many instructions; raises nothing."""
        code, address, done = self.code, self.program_counter, 0
        try:
            for done in range(limit):  # noqa: B007  told when an instruction stops the run
                address = code[address]()
            done = max(limit, 0)
            return Stop(kind=StopKind.LIMIT, address=address)
        except _LeftImageError:
            return Stop(kind=StopKind.LEFT_IMAGE, address=address)
        except UnsupportedInstructionError as error:
            return Stop(kind=StopKind.UNSUPPORTED, address=address, detail=str(error))
        except (ProcessorFaultError, MemoryFault) as error:
            return Stop(kind=StopKind.FAULT, address=address, detail=str(error))
        finally:
            self.program_counter = address
            self.instructions += done

    def comparison(self) -> Comparison | None:
        """Tell, inside the branch hook, what the branch depends on, as far as it is known."""
        if self.compared is not None:
            return self.compared
        rule, left, right, _ = self.flags
        if not rule.keeps_operands:
            return None
        return Comparison(operation=rule.mnemonic, left=left, right=right, size=rule.size)

    def start_call(self, address: int, arguments: Sequence[int], return_to: int) -> None:
        """Set up a stdcall of a routine that returns to an address outside."""
        for argument in reversed(arguments):
            self.push(argument & MASK)
        self.push(return_to)
        self.program_counter = address

    def argument(self, index: int) -> int:
        """Read an argument of the routine that has just been entered, from 0."""
        return self.read((self.registers[ESP] + 4 + 4 * index) & MASK, 4)

    def fastcall_argument(self, index: int) -> int:
        """Read an argument of a fastcall routine: ECX, EDX, then the stack."""
        in_registers = (ECX, EDX)
        if index < len(in_registers):
            return self.registers[in_registers[index]]
        return self.argument(index - len(in_registers))

    def finish_call(self, value: int, arguments_on_stack: int = 0) -> None:
        """Return from the routine just entered, with a value in EAX."""
        self.program_counter = self.pop()
        self.registers[ESP] = (self.registers[ESP] + 4 * arguments_on_stack) & MASK
        self.registers[EAX] = value & MASK

    def return_address(self) -> int:
        """Read where the routine that has just been entered returns to."""
        return self.read(self.registers[ESP], 4)

    def result(self) -> int:
        """Read EAX."""
        return self.registers[EAX]

    def preserved(self) -> tuple[int, ...]:
        """Return ESP, EBX, EBP, ESI and EDI."""
        registers = self.registers
        return registers[ESP], registers[EBX], registers[EBP], registers[ESI], registers[EDI]

    def save(self) -> object:
        """Copy all registers."""
        return _Saved(
            registers=tuple(self.registers),
            flags=self.flags,
            step=self.step,
            program_counter=self.program_counter,
        )

    def restore(self, saved: object) -> None:
        """Put back what ``save`` copied."""
        if not isinstance(saved, _Saved):
            raise TypeError("restore takes what save of the same processor returned")
        self.registers[:] = saved.registers
        self.flags = saved.flags
        self.step = saved.step
        self.program_counter = saved.program_counter
