"""The machines whose code can be run: for each a processor, and what a first call finds."""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from ntscan.drivermodel.layouts import ALPHA, X86, Layouts
from ntscan.machinecode.address_map import INITIAL_STACK
from ntscan.machinecode.address_space import AddressSpace
from ntscan.machinecode.alpha.processor import AlphaProcessor
from ntscan.machinecode.i386.processor import I386Processor
from ntscan.machinecode.i386.state import EAX, EBP, EBX, ECX, EDI, EDX, ESI
from ntscan.machinecode.origin import Origin
from ntscan.machinecode.processor import OF_THE_CALLER, Processor
from ntscan.vocabulary import Machine

_PRESERVED: Final = (EBX, EBP, ESI, EDI)
_REGISTERS: Final = ((Origin("eax"), EAX), (Origin("ecx"), ECX), (Origin("edx"), EDX))
_ALPHA_ARGUMENTS: Final = tuple(Origin(f"arg{number}") for number in range(6))


class TracedMachine(Struct, frozen=True, kw_only=True):
    """How code of one machine is run.

    ``begin`` makes a call of a routine whose arguments nobody knows; it returns to an address.
    """

    layouts: Layouts
    processor: Callable[[AddressSpace], Processor]
    begin: Callable[[Processor, AddressSpace, int, int], None]


def _i386(memory: AddressSpace) -> Processor:
    processor = I386Processor(memory, stack_top=INITIAL_STACK)
    for number in _PRESERVED:
        processor.registers[number] = OF_THE_CALLER + number
    return processor


def _begin_i386(processor: Processor, memory: AddressSpace, routine: int, until: int) -> None:
    """Call with the arguments above the stack; a routine of the driver's own may use registers."""
    if isinstance(processor, I386Processor):
        for origin, register in _REGISTERS:
            processor.registers[register] = memory.given(origin)
    processor.start_call(routine, (), until)


def _alpha(memory: AddressSpace) -> Processor:
    memory.places.argument_size = 8
    memory.places.arguments_in_registers = len(_ALPHA_ARGUMENTS)
    return AlphaProcessor(memory, INITIAL_STACK)


def _begin_alpha(processor: Processor, memory: AddressSpace, routine: int, until: int) -> None:
    processor.start_call(routine, [memory.given(origin) for origin in _ALPHA_ARGUMENTS], until)


MACHINES: Final = {
    Machine.I386: TracedMachine(layouts=X86, processor=_i386, begin=_begin_i386),
    Machine.ALPHA: TracedMachine(layouts=ALPHA, processor=_alpha, begin=_begin_alpha),
}
