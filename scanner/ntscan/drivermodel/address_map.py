"""Where things lie in the modelled kernel's address space; the addresses are the model's own.

They are of the kind that a debugger shows on NT 4.0: the kernel image and the first nonpaged pool
from 0x80000000 up, drivers and kernel stacks near the top. What lies outside is not memory.
"""

from typing import Final

#: The head of the list of free IRPs, then the pool's descriptor.
KERNEL_DATA: Final = 0x8014C000

#: For each driver its DEVICE_OBJECT, DRIVER_OBJECT and FAST_IO_DISPATCH.
DRIVER_OBJECTS: Final = 0x80F5A000
DRIVER_SLOT_SIZE: Final = 0x200
DRIVERS: Final = 3

#: The KTHREADs of SFM's workers.
THREAD_OBJECTS: Final = 0x80F61020
THREAD_OBJECT_SIZE: Final = 0x200
WORKERS: Final = 3

POOL_PAGE: Final = 0x80F82000

#: For each requester a block on its kernel stack: a KEVENT, and what its request points to.
KERNEL_STACKS: Final = 0xFC4A0000
STACK_BLOCK_SIZE: Final = 0x40
REQUESTERS: Final = 32


def requester(number: int) -> int:
    """Give the address of a requester's block; negative numbers count from the last one."""
    return KERNEL_STACKS + (number % REQUESTERS) * STACK_BLOCK_SIZE
