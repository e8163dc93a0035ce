"""Another driver, without a fault: it asks for an IRP, sends it, and frees it on completion."""

from typing import Final

from ntscan.drivermodel.execution import Answer, Control, Frame, Lane, Return, Routine
from ntscan.drivermodel.file_system import return_status, start_completion_dpc
from ntscan.drivermodel.io_manager import (
    DRIVER_COMPLETION_ADDRESS,
    IO_ALLOCATE_IRP,
    call_driver,
    io_free_irp,
)
from ntscan.drivermodel.irp import (
    STATUS_INSUFFICIENT_RESOURCES,
    STATUS_MORE_PROCESSING_REQUIRED,
    STATUS_PENDING,
    mark_irp_pending,
    set_completion_routine,
    set_status,
)
from ntscan.drivermodel.kernel import KERNEL_STACKS, STACK_BLOCK_SIZE, Kernel

DISK_DEVICE: Final = 0x80F5C040


def _set_up_and_send(kernel: Kernel, frame: Frame) -> Answer:
    if not frame.irp:
        return Return(STATUS_INSUFFICIENT_RESOURCES)
    set_completion_routine(kernel, frame.irp, DRIVER_COMPLETION_ADDRESS, frame.context)
    kernel.tell(
        Lane.OTHER, Lane.IO_MANAGER, "Another driver sends its request in {:#010x}", frame.irp
    )
    return call_driver(kernel, DISK_DEVICE, frame)


def _begin(kernel: Kernel, frame: Frame) -> Answer:
    mark_irp_pending(kernel, frame.irp)
    set_status(kernel, frame.irp, 0)
    start_completion_dpc(kernel, frame.irp)
    frame.status = STATUS_PENDING
    return Control.NEXT


def _free(kernel: Kernel, frame: Frame) -> Answer:
    io_free_irp(kernel, frame.irp, frame.context)
    kernel.tell(
        Lane.OTHER,
        Lane.FREE_IRPS,
        "Another driver's completion routine frees {:#010x}",
        frame.irp,
        lists=True,
    )
    return Return(STATUS_MORE_PROCESSING_REQUIRED)


REQUEST: Final = Routine(
    name="another driver's request",
    address=0xFC1A0310,
    steps=(*IO_ALLOCATE_IRP, _set_up_and_send, return_status),
)
COMPLETION: Final = Routine(
    name="another driver's completion routine",
    address=DRIVER_COMPLETION_ADDRESS,
    steps=(_free,),
)
DISK_DISPATCH: Final = Routine(
    name="the disk's dispatch routine", address=0xFC110800, steps=(_begin, return_status)
)


def attach(kernel: Kernel) -> None:
    """Load the driver and give the kernel the device that it sends its requests to."""
    kernel.dispatch[DISK_DEVICE] = DISK_DISPATCH
    kernel.load(COMPLETION)


def request(number: int) -> Frame:
    """Give the first frame of another driver's request, with a context of its own."""
    return Frame(REQUEST, context=KERNEL_STACKS + number * STACK_BLOCK_SIZE)
