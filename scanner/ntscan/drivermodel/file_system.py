"""The IRP path of byte-range locks: IRP_MJ_LOCK_CONTROL through a filter to the file system."""

from typing import Final

from ntscan.drivermodel.bugcheck import Irql
from ntscan.drivermodel.execution import Answer, Control, Frame, Lane, LockRequest, Return, Routine
from ntscan.drivermodel.io_manager import IO_COMPLETE_REQUEST, call_driver
from ntscan.drivermodel.irp import (
    STATUS_LOCK_NOT_GRANTED,
    STATUS_PENDING,
    STATUS_RANGE_NOT_LOCKED,
    STATUS_SUCCESS,
    current_stack_location,
    mark_irp_pending,
    next_stack_location,
    set_status,
)
from ntscan.drivermodel.kernel import Kernel
from ntscan.drivermodel.policies import Completion, Refusal

IRP_MJ_LOCK_CONTROL: Final = 0x11
IRP_MN_LOCK: Final = 0x01
IRP_MN_UNLOCK_SINGLE: Final = 0x02

FILE_SYSTEM_DEVICE: Final = 0x80F5A030
FILTER_DEVICE: Final = 0x80F5B810


def topmost_device(kernel: Kernel) -> int:
    """Give the device object that requests for a fork are sent to."""
    return FILTER_DEVICE if kernel.policies.refusal is Refusal.FILTER else FILE_SYSTEM_DEVICE


def _request_in(kernel: Kernel, location: int) -> LockRequest:
    """Read Parameters.LockControl back from a stack location; Length is behind a pointer."""
    memory, layout = kernel.memory, kernel.layouts.stack_location
    return LockRequest(
        client=memory.read(location + layout.key),
        fork=memory.read(location + layout.file_object),
        offset=memory.read(location + layout.byte_offset, 8),
        length=memory.read(memory.read(location + layout.length), 8),
    )


def _lock_control(kernel: Kernel, frame: Frame) -> Answer:
    location = current_stack_location(kernel, frame.irp)
    minor = kernel.memory.read(location + kernel.layouts.stack_location.minor_function, 1)
    request = _request_in(kernel, location)
    if minor == IRP_MN_UNLOCK_SINGLE:
        done = kernel.file_system.unlock(request)
        status = STATUS_SUCCESS if done else STATUS_RANGE_NOT_LOCKED
    else:
        done = kernel.file_system.lock(request)
        status = STATUS_SUCCESS if done else STATUS_LOCK_NOT_GRANTED
    set_status(kernel, frame.irp, status)
    kernel.tell(
        Lane.FAST_IO,
        Lane.IO_MANAGER,
        "The dispatch routine does the request with status {:#010x}",
        status,
    )
    frame.status = status
    return Control.NEXT


def _complete(kernel: Kernel, frame: Frame) -> Answer:
    if kernel.policies.completion is Completion.IMMEDIATE:
        return Frame(IO_COMPLETE_REQUEST, irp=frame.irp)
    mark_irp_pending(kernel, frame.irp)
    frame.status = STATUS_PENDING
    start_completion_dpc(kernel, frame.irp)
    kernel.tell(
        Lane.FAST_IO,
        Lane.SFM,
        "The dispatch routine answers STATUS_PENDING; a DPC will complete {:#010x}",
        frame.irp,
    )
    return Control.NEXT


def start_completion_dpc(kernel: Kernel, irp: int) -> None:
    """Queue the DPC in which a driver calls IoCompleteRequest for a pending IRP."""
    kernel.start("DPC", Frame(IO_COMPLETE_REQUEST, irp=irp), Irql.DISPATCH_LEVEL)


def return_status(_kernel: Kernel, frame: Frame) -> Answer:
    """Return the frame's own status."""
    return Return(frame.status)


def _pass_down(kernel: Kernel, frame: Frame) -> Answer:
    """IoCopyCurrentIrpStackLocationToNext, without a completion routine, and IofCallDriver."""
    layout = kernel.layouts.stack_location
    location = current_stack_location(kernel, frame.irp)
    following = next_stack_location(kernel, frame.irp)
    copied = kernel.memory.read_bytes(location, layout.completion_routine)
    kernel.memory.write_bytes(following, copied)
    kernel.memory.write(following + layout.control, 0, 1)
    return call_driver(kernel, FILE_SYSTEM_DEVICE, frame)


def _return_result(_kernel: Kernel, frame: Frame) -> Answer:
    return Return(frame.result)


FILE_SYSTEM_DISPATCH: Final = Routine(
    name="the file system's IRP_MJ_LOCK_CONTROL",
    address=0xFC0C2210,
    steps=(_lock_control, _complete, return_status),
)
FILTER_DISPATCH: Final = Routine(
    name="the filter's IRP_MJ_LOCK_CONTROL",
    address=0xFC3E1180,
    steps=(_pass_down, _return_result),
)


def attach(kernel: Kernel) -> None:
    """Give the kernel the file system's device and, where the policy has one, the filter's."""
    kernel.dispatch[FILE_SYSTEM_DEVICE] = FILE_SYSTEM_DISPATCH
    kernel.dispatch[FILTER_DEVICE] = FILTER_DISPATCH
