"""Notices, at a branch, a run that goes on and on, long before its instructions are used up."""

from typing import Final

from ntscan.machinecode.kernel.state import Kernel, PathExhaustedError

#: The first branch whose state is kept to be compared with; then the one at twice its number.
_FIRST_KEPT: Final = 32
#: A list through memory that nobody gave is as long as the pointers in it that are followed.
_MOST_POINTERS: Final = 64


class EndlessLoops:
    """Compares the state of a run with that at an earlier branch (Brent's way to find a cycle)."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._keep_at = _FIRST_KEPT
        self._address: int | None = None
        self._kept: tuple[object, object, object] = (None, None, None)

    def refuse(self, address: int, number: int) -> None:
        """Look at a branch of the run, by its number from 0.

        Raises PathExhaustedError where all is as it was when the run met it before, or where the
        run walks along a list whose end no input gives.
        """
        touches = self._kernel.memory.inputs.touches
        if touches and len(touches[-1].origin.offsets) > _MOST_POINTERS:
            raise PathExhaustedError(f"it follows more than {_MOST_POINTERS} pointers in a row")
        if address == self._address and self._is_as_kept():
            at = self._kernel.rva(address)
            raise PathExhaustedError(f"it goes round in circles at 0x{at:x}, and nothing changes")
        if number >= self._keep_at:
            self._keep_at = 2 * number
            kernel, self._address = self._kernel, address
            self._kept = kernel.stops, kernel.processor.save(), kernel.memory.contents()

    def _is_as_kept(self) -> bool:
        """Compare all that decides how the run goes on, as long as the processor does not stop."""
        kernel = self._kernel
        stops, processor, contents = self._kept
        return (
            kernel.stops == stops
            and kernel.processor.save() == processor
            and kernel.memory.contents() == contents
        )
