"""What the kernel model asks of a processor, whichever instruction set it runs.

A processor runs the code of one image. Control that leaves the image (an import stub, a routine of
another driver, the return address that the kernel model gave) stops it, and the kernel model
answers in its place.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final, Protocol, TypeAlias

from msgspec import Struct

#: What a caller keeps in the registers that a routine must give back; it is no address.
OF_THE_CALLER: Final = 0x5AFE0000


class StopKind(StrEnum):
    """Why a processor stopped."""

    LEFT_IMAGE = "left_image"
    UNSUPPORTED = "unsupported"
    FAULT = "fault"
    LIMIT = "limit"


class Stop(Struct, frozen=True):
    """Where a processor stopped, and why.

    ``address`` is where control went (LEFT_IMAGE), else that of the instruction. ``detail`` names
    the instruction that is outside the subset, or says which memory could not be touched.
    """

    kind: StopKind
    address: int
    detail: str = ""


class Comparison(Struct, frozen=True, gc=False):
    """The two operands of the instruction that a conditional branch depends on.

    ``operation`` is its mnemonic (``cmp``, ``test``, ``cmpult``, ``and``...), ``size`` in bytes.
    """

    operation: str
    left: int
    right: int
    size: int


class MemoryFault(Exception):  # noqa: N818  the processor's word; it never leaves this package
    """An address that is not memory, or not memory of this kind."""

    def __init__(self, address: int, what: str) -> None:
        super().__init__(f"{what} 0x{address:x}")
        self.address = address


class Memory(Protocol):
    """Little-endian memory with 32-bit addresses; each access raises MemoryFault.

    ``words`` are 32-bit words by address, a multiple of four, that may be read and written here
    directly. Others come in when they are touched, and may go again. What cannot be written, such
    as code, is never among them.
    """

    words: dict[int, int]

    def read(self, address: int, size: int) -> int:
        """Read an unsigned integer of 1, 2, 4 or 8 bytes."""

    def write(self, address: int, size: int, value: int) -> None:
        """Write the low bytes of an integer."""

    def is_code(self, address: int) -> bool:
        """Say whether the image has executable bytes there; anything else leaves the image."""

    def fetch(self, address: int, length: int) -> bytes:
        """Read up to so many bytes of code: fewer where the section ends."""


#: Asked at each conditional branch with its address and where it would go; answers where it goes.
BranchHook: TypeAlias = Callable[[int, bool], bool]


class Processor(Protocol):
    """One processor; addresses are 32 bits, also on Alpha, where NT sign-extends them."""

    #: Bytes of a pointer: 4 on both machines. ``instructions`` counts those executed so far.
    instructions: int
    branch_hook: BranchHook | None
    program_counter: int

    def run(self, limit: int) -> Stop:
        """Run from ``program_counter`` for at most so many instructions; raises nothing."""

    def comparison(self) -> Comparison | None:
        """Tell, inside the branch hook, what the branch depends on, as far as it is known."""

    def start_call(self, address: int, arguments: Sequence[int], return_to: int) -> None:
        """Set up a call of a routine (stdcall on i386) that returns to an address outside."""

    def argument(self, index: int) -> int:
        """Read an argument of the routine that has just been entered, from 0."""

    def fastcall_argument(self, index: int) -> int:
        """Read an argument of a routine that is fastcall on i386: ECX, EDX, then the stack."""

    def finish_call(self, value: int, arguments_on_stack: int = 0) -> None:
        """Return from the routine just entered; on i386 it takes so many arguments off the stack.

        ``arguments_on_stack`` counts 32-bit words: 0 for cdecl, and for fastcall those past two.
        """

    def return_address(self) -> int:
        """Read where the routine that has just been entered returns to."""

    def result(self) -> int:
        """Read the result register (EAX, V0) as 32 bits."""

    def preserved(self) -> tuple[int, ...]:
        """Return the stack pointer and the registers that a routine must give back unchanged.

        Before ``start_call`` and after the routine's return they are equal, if it is well behaved.
        """

    def save(self) -> object:
        """Copy all registers, for ``restore``.

        Two copies are equal where the processor goes on alike, if memory is the same.
        """

    def restore(self, saved: object) -> None:
        """Put back what ``save`` copied."""
