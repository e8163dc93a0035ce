"""Lets a processor run, and answers the calls that leave the image."""

from ntscan.machinecode.budget import SLICE, Meter
from ntscan.machinecode.kernel.dispatch import answer_call
from ntscan.machinecode.kernel.state import Kernel, PathEndError, PathExhaustedError
from ntscan.machinecode.processor import StopKind


class Execution:
    """Lets the processor run and answers calls, until control comes back to an address."""

    def __init__(self, kernel: Kernel, meter: Meter, steps: int | None) -> None:
        self._kernel = kernel
        self._meter = meter
        self._steps = steps or meter.budget.path_instructions
        self._left = self._steps

    def __call__(self, until: int) -> None:
        """Run; raises PathEndError where the path cannot be followed."""
        kernel, processor = self._kernel, self._kernel.processor
        while True:
            before = processor.instructions
            try:
                stop = processor.run(max(0, min(SLICE, self._left)))
            finally:
                kernel.stops += 1
                self.spend(processor.instructions - before + 1)
            match stop.kind:
                case StopKind.LEFT_IMAGE:
                    if stop.address == until:
                        return
                    answer_call(kernel, stop.address)
                case StopKind.LIMIT:
                    self._refuse_excess()
                case StopKind.UNSUPPORTED:
                    at = kernel.rva(stop.address)
                    raise PathEndError(f"0x{at:x} is {stop.detail}, which is not interpreted")
                case StopKind.FAULT:
                    raise PathEndError(f"0x{kernel.rva(stop.address):x} faults: {stop.detail}")

    def spend(self, instructions: int) -> None:
        """Count instructions of this run; raises BudgetSpentError and ShareSpentError alone."""
        self._left -= instructions
        self._meter.spend(instructions)

    def _refuse_excess(self) -> None:
        budget = self._meter.budget
        if self._left <= 0:
            raise PathExhaustedError(f"it does not return within {self._steps:,} instructions")
        if len(self._kernel.memory.words) > budget.path_words:
            raise PathExhaustedError(f"it touches more than {budget.path_words:,} words of memory")
