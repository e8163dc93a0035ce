"""Where a traced driver finds what is not its own image; the addresses are the model's own.

All lie in NT's half of the address space, as the pointers of a driver do. The image itself is
loaded where the loader puts it.
"""

from typing import Final

#: A window of address space for each unknown value that may be a pointer, and for each block.
WINDOW: Final = 0x10000
#: Where in its window an unknown value points. The low byte is a count that a stack can have.
INTO_WINDOW: Final = 0x4008
UNKNOWN_OBJECTS: Final = 0x81410000
UNKNOWN_OBJECTS_END: Final = 0xD0000000
#: Pool blocks and IRPs that the run allocates.
BLOCKS: Final = 0xE1410000
BLOCKS_END: Final = 0xF0000000
#: Where in its window a block begins: no part of its address is a small number, as those are that
#: code compares.
INTO_BLOCK: Final = 0x5A40
#: One address for each import slot.
IMPORTED_ROUTINES: Final = 0xF8000000
IMPORTED_ROUTINES_END: Final = 0xF8100000
ROUTINE_SPACING: Final = 0x10

KERNEL_STACK: Final = 0xFC4A0000
KERNEL_STACK_END: Final = 0xFC4B0000
#: Where a run's first call begins: above it lies the frame of a caller that is not run.
INITIAL_STACK: Final = KERNEL_STACK_END - 0x1000
#: Where calls that the kernel makes return to, one address for each depth.
RETURN_ADDRESSES: Final = 0xFD000000
#: The processor control region of NT on i386, which FS points to; KUSER_SHARED_DATA before it.
SHARED_USER_DATA: Final = 0xFFDF0000
PROCESSOR_CONTROL_REGION: Final = 0xFFDFF000
