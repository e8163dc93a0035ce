"""A call of a routine that the image imports, as the model of the routine sees it."""

from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct

from ntscan.machinecode.address_space import AddressSpace
from ntscan.machinecode.kernel.state import Kernel


class Call(Struct, frozen=True, kw_only=True):
    """One call: its arguments, which name was called, and where from (an RVA)."""

    kernel: Kernel
    name: str
    at: int
    fastcall: bool = False

    def __getitem__(self, index: int) -> int:
        """Read an argument, from 0."""
        processor = self.kernel.processor
        if self.fastcall:
            return processor.fastcall_argument(index)
        return processor.argument(index)

    @property
    def memory(self) -> AddressSpace:
        """The memory of the run."""
        return self.kernel.memory


#: Does what the routine does, and gives its result.
Model: TypeAlias = Callable[[Call], int]


def answer(value: int) -> Model:
    """Model a routine that does nothing which matters here, and returns a constant."""
    return lambda _call: value
