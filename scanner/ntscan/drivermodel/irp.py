"""An IRP as bytes in the kernel's memory, read and written through its layout."""

from typing import Final

from ntscan.drivermodel.kernel import Kernel

IO_TYPE_IRP: Final = 6

STATUS_SUCCESS: Final = 0x00000000
STATUS_PENDING: Final = 0x00000103
STATUS_INVALID_DEVICE_REQUEST: Final = 0xC0000010
STATUS_MORE_PROCESSING_REQUIRED: Final = 0xC0000016
STATUS_LOCK_NOT_GRANTED: Final = 0xC0000055
STATUS_RANGE_NOT_LOCKED: Final = 0xC000007E
STATUS_INSUFFICIENT_RESOURCES: Final = 0xC000009A
STATUS_CANCELLED: Final = 0xC0000120

SL_PENDING_RETURNED: Final = 0x01
SL_INVOKE_ON_CANCEL: Final = 0x20
SL_INVOKE_ON_SUCCESS: Final = 0x40
SL_INVOKE_ON_ERROR: Final = 0x80


def initialize_irp(kernel: Kernel, irp: int) -> None:
    """IoInitializeIrp: zero the packet, then fill in what a fresh IRP holds."""
    layout = kernel.layouts.irp
    size = kernel.size_of_irp
    memory = kernel.memory
    memory.write_bytes(irp, bytes(size))
    memory.write(irp + layout.type, IO_TYPE_IRP, 2)
    memory.write(irp + layout.size_field, size, 2)
    memory.write(irp + layout.stack_count, kernel.stack_size, 1)
    memory.write(irp + layout.current_location, kernel.stack_size + 1, 1)
    memory.write(irp + layout.current_stack_location, irp + size)
    entry = irp + layout.thread_list_entry
    memory.write(entry, entry)
    memory.write(entry + 4, entry)


def irp_type(kernel: Kernel, irp: int) -> int:
    """Give Irp->Type."""
    return kernel.memory.read(irp + kernel.layouts.irp.type, 2)


def current_stack_location(kernel: Kernel, irp: int) -> int:
    """IoGetCurrentIrpStackLocation."""
    return kernel.memory.read(irp + kernel.layouts.irp.current_stack_location)


def current_location(kernel: Kernel, irp: int) -> int:
    """Give Irp->CurrentLocation, a CHAR."""
    address = irp + kernel.layouts.irp.current_location
    return int.from_bytes(kernel.memory.read_bytes(address, 1), signed=True)


def stack_count(kernel: Kernel, irp: int) -> int:
    """Give Irp->StackCount."""
    return kernel.memory.read(irp + kernel.layouts.irp.stack_count, 1)


def next_stack_location(kernel: Kernel, irp: int) -> int:
    """IoGetNextIrpStackLocation: locations are used from the last one down."""
    return current_stack_location(kernel, irp) - kernel.layouts.stack_location.size


def move_stack_location(kernel: Kernel, irp: int, locations: int) -> int:
    """Move the current location up or down; give the new CurrentLocation, a signed byte."""
    layout = kernel.layouts.irp
    current = current_location(kernel, irp) + locations
    kernel.memory.write(irp + layout.current_location, current & 0xFF, 1)
    address = current_stack_location(kernel, irp) + locations * kernel.layouts.stack_location.size
    kernel.memory.write(irp + layout.current_stack_location, address & 0xFFFFFFFF)
    return current


def set_completion_routine(kernel: Kernel, irp: int, routine: int, context: int) -> None:
    """IoSetCompletionRoutine on success, error and cancel: it writes the next stack location."""
    layout = kernel.layouts.stack_location
    location = next_stack_location(kernel, irp)
    invoke = SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_ERROR | SL_INVOKE_ON_CANCEL
    kernel.memory.write(location + layout.completion_routine, routine)
    kernel.memory.write(location + layout.context, context)
    kernel.memory.write(location + layout.control, invoke, 1)


def mark_irp_pending(kernel: Kernel, irp: int) -> None:
    """IoMarkIrpPending: set SL_PENDING_RETURNED in the current stack location."""
    control = current_stack_location(kernel, irp) + kernel.layouts.stack_location.control
    kernel.memory.write(control, kernel.memory.read(control, 1) | SL_PENDING_RETURNED, 1)


def set_status(kernel: Kernel, irp: int, status: int) -> None:
    """Write Irp->IoStatus.Status."""
    kernel.memory.write(irp + kernel.layouts.irp.io_status, status)
