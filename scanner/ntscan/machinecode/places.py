"""What lies where outside the image, as the origin of each word there."""

from collections.abc import Callable
from functools import cache
from typing import Final

from ntscan.machinecode.address_map import (
    BLOCKS,
    BLOCKS_END,
    IMPORTED_ROUTINES,
    IMPORTED_ROUTINES_END,
    INITIAL_STACK,
    KERNEL_STACK,
    KERNEL_STACK_END,
    PROCESSOR_CONTROL_REGION,
    ROUTINE_SPACING,
    SHARED_USER_DATA,
    UNKNOWN_OBJECTS,
    UNKNOWN_OBJECTS_END,
)
from ntscan.machinecode.blocks import Blocks
from ntscan.machinecode.loader.loaded_image import Import, LoadedImage
from ntscan.machinecode.origin import Origin, UnknownValues

#: The arguments on the stack that a routine of a driver may have.
MOST_ARGUMENTS: Final = 16
_PAGE: Final = 0x1000


class Places:
    """The address space around an image; ``blocks`` are those of the present run.

    ``argument_size`` is the bytes of an argument on the stack of a run's first call, and
    ``arguments_in_registers`` the number of those before it.
    """

    def __init__(self, image: LoadedImage) -> None:
        self.unknown = UnknownValues()
        self.blocks = Blocks()
        self.argument_size = 4
        self.arguments_in_registers = 0
        self._routines = tuple(image.imports.values())
        self._places: tuple[tuple[int, int, Callable[[int], Origin | None]], ...] = (
            (KERNEL_STACK, INITIAL_STACK, _stack),
            (INITIAL_STACK, KERNEL_STACK_END, self._argument),
            (UNKNOWN_OBJECTS, UNKNOWN_OBJECTS_END, self._behind_unknown),
            (BLOCKS, BLOCKS_END, self._in_block),
            (IMPORTED_ROUTINES, IMPORTED_ROUTINES_END, self._imported),
            (SHARED_USER_DATA, SHARED_USER_DATA + _PAGE, _shared_user_data),
            (PROCESSOR_CONTROL_REGION, PROCESSOR_CONTROL_REGION + _PAGE, _control_region),
        )

    def origin(self, address: int) -> Origin | None:
        """Name the word at an address; ``None`` where nothing lies."""
        for begin, end, name in self._places:
            if begin <= address < end:
                return name(address - begin)
        return None

    def holds(self, address: int) -> bool:
        """Say whether a word lies at an address."""
        return KERNEL_STACK <= address < KERNEL_STACK_END or self.origin(address) is not None

    def routine_at(self, address: int) -> Import | None:
        """Name the imported routine that an address stands for."""
        if not IMPORTED_ROUTINES <= address < IMPORTED_ROUTINES_END:
            return None
        number, within = divmod(address - IMPORTED_ROUTINES, ROUTINE_SPACING)
        return self._routines[number] if within == 0 and number < len(self._routines) else None

    def _argument(self, offset: int) -> Origin:
        number, within = divmod(offset, self.argument_size)
        given = within == 0 and number < MOST_ARGUMENTS
        return Origin(f"arg{number + self.arguments_in_registers}", given=given)

    def _behind_unknown(self, offset: int) -> Origin | None:
        return self.unknown.word_at(UNKNOWN_OBJECTS + offset)

    def _in_block(self, offset: int) -> Origin | None:
        block = self.blocks.at(BLOCKS + offset)
        if block is None:
            return None
        return Origin(block.name, (BLOCKS + offset - block.address,), given=False)

    def _imported(self, offset: int) -> Origin | None:
        number, within = divmod(offset, ROUTINE_SPACING)
        if number >= len(self._routines):
            return None
        return Origin(str(self._routines[number].name), (within,))


@cache
def _stack(offset: int) -> Origin:
    return Origin("stack", (offset,), given=False)


def _shared_user_data(offset: int) -> Origin:
    return Origin("KUSER_SHARED_DATA", (offset,))


def _control_region(offset: int) -> Origin:
    return Origin("KPCR", (offset,))
