"""Another driver, without a fault: it asks for an IRP, sends it, and frees it on completion."""

from typing import Final

from ntscan.drivermodel.address_map import requester
from ntscan.drivermodel.devices import DISK_DEVICE
from ntscan.drivermodel.driver_objects import create_device
from ntscan.drivermodel.execution import Answer, Control, Frame, Return, Routine
from ntscan.drivermodel.file_system import return_status, start_completion_dpc
from ntscan.drivermodel.io_manager import IO_ALLOCATE_IRP, call_driver, io_free_irp
from ntscan.drivermodel.irp import (
    STATUS_INSUFFICIENT_RESOURCES,
    STATUS_MORE_PROCESSING_REQUIRED,
    STATUS_PENDING,
    STATUS_SUCCESS,
    mark_irp_pending,
    next_stack_location,
    set_completion_routine,
    set_status,
)
from ntscan.drivermodel.kernel import Kernel
from ntscan.drivermodel.story import Lane

IRP_MJ_READ: Final = 0x03


def _send(kernel: Kernel, frame: Frame) -> Answer:
    if not frame.irp:
        return Return(STATUS_INSUFFICIENT_RESOURCES)
    location = next_stack_location(kernel, frame.irp)
    kernel.memory.write(location + kernel.layouts.stack_location.major_function, IRP_MJ_READ, 1)
    set_completion_routine(kernel, frame.irp, _COMPLETION.address, frame.context)
    kernel.tell(
        Lane.OTHER,
        Lane.IO_MANAGER,
        "Another driver calls IofCallDriver({:#010x}, {:#010x}) with IRP_MJ_READ",
        DISK_DEVICE,
        frame.irp,
    )
    return call_driver(kernel, DISK_DEVICE, frame)


def _begin_read(kernel: Kernel, frame: Frame) -> Answer:
    """Start the transfer; the DPC of the disk's interrupt will complete the request."""
    mark_irp_pending(kernel, frame.irp)
    set_status(kernel, frame.irp, STATUS_SUCCESS)
    start_completion_dpc(kernel, frame.irp)
    frame.status = STATUS_PENDING
    return Control.NEXT


def _free(kernel: Kernel, frame: Frame) -> Answer:
    io_free_irp(kernel, frame.irp, frame.context)
    kernel.tell(
        Lane.OTHER,
        Lane.FREE_IRPS,
        "IoFreeIrp({:#010x}) in {}",
        frame.irp,
        frame.routine.name,
        lists=True,
    )
    return Return(STATUS_MORE_PROCESSING_REQUIRED)


_REQUEST: Final = Routine(
    name="another driver's request",
    address=0xFC1A0310,
    lane=Lane.OTHER,
    steps=(*IO_ALLOCATE_IRP, _send, return_status),
)
_COMPLETION: Final = Routine(
    name="another driver's completion routine",
    address=0xFC1A0A40,
    lane=Lane.OTHER,
    steps=(_free,),
)
_DISK_DISPATCH: Final = Routine(
    name="the disk's dispatch routine",
    address=0xFC110800,
    lane=Lane.OTHER,
    steps=(_begin_read, return_status),
)


def attach(kernel: Kernel) -> None:
    """Load the driver and create the device that it sends its requests to."""
    create_device(kernel, DISK_DEVICE, IRP_MJ_READ, _DISK_DISPATCH)
    kernel.load(_COMPLETION)


def request(number: int) -> Frame:
    """Give the first frame of another driver's request, with a context of its own."""
    return Frame(_REQUEST, context=requester(number))
