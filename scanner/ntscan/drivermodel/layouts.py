"""Where the fields of NT 4.0's kernel structures lie, in bytes from each structure's start.

The x86 offsets are those of the public mingw-w64 DDK headers. NT for Alpha is a 32-bit system with
the same declarations and natural alignment, from which its offsets are derived; nobody has verified
them against a kernel. A structure holds only the fields that the model reads or writes.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct


class Platform(StrEnum):
    """The processors for which the fix was published (Q242896)."""

    X86 = "x86"
    ALPHA = "alpha"


class IrpLayout(Struct, frozen=True, kw_only=True):
    """IRP, without its stack locations; they follow it at ``size``."""

    size: int = 0x70
    type: int = 0x00  # u16
    size_field: int = 0x02  # u16
    thread_list_entry: int = 0x10
    io_status: int = 0x18
    pending_returned: int = 0x21  # u8
    stack_count: int = 0x22  # u8
    current_location: int = 0x23  # u8
    user_iosb: int = 0x28
    user_event: int = 0x2C
    thread: int = 0x50
    current_stack_location: int = 0x60


class StackLocationLayout(Struct, frozen=True, kw_only=True):
    """IO_STACK_LOCATION; ``length``, ``key`` and ``byte_offset`` are Parameters.LockControl."""

    size: int
    length: int
    key: int
    byte_offset: int  # LARGE_INTEGER
    device_object: int
    file_object: int
    completion_routine: int
    context: int
    major_function: int = 0
    minor_function: int = 1
    control: int = 3


class Layouts(Struct, frozen=True, kw_only=True):
    """The structures of one platform, and the sizes that its memory manager works in."""

    platform: Platform
    derived: bool  # computed from the declarations, not asserted against a public header
    irp: IrpLayout
    stack_location: StackLocationLayout
    page_size: int
    pool_granularity: int  # bytes a unit of POOL_HEADER.BlockSize counts; assumed

    def size_of_irp(self, stack_size: int) -> int:
        """Give the bytes of an IRP with so many stack locations: the DDK's IoSizeOfIrp."""
        return self.irp.size + stack_size * self.stack_location.size


X86: Final = Layouts(
    platform=Platform.X86,
    derived=False,
    irp=IrpLayout(),
    stack_location=StackLocationLayout(
        size=0x24,
        length=0x04,
        key=0x08,
        byte_offset=0x0C,
        device_object=0x14,
        file_object=0x18,
        completion_routine=0x1C,
        context=0x20,
    ),
    page_size=0x1000,
    pool_granularity=32,
)

#: Parameters holds a LARGE_INTEGER, so on Alpha it and everything after it moves up to 8 bytes.
ALPHA: Final = Layouts(
    platform=Platform.ALPHA,
    derived=True,
    irp=IrpLayout(),
    stack_location=StackLocationLayout(
        size=0x28,
        length=0x08,
        key=0x0C,
        byte_offset=0x10,
        device_object=0x18,
        file_object=0x1C,
        completion_routine=0x20,
        context=0x24,
    ),
    page_size=0x2000,
    pool_granularity=64,
)

LAYOUTS: Final = {Platform.X86: X86, Platform.ALPHA: ALPHA}
