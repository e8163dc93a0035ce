"""The IRP path of byte-range locks: IRP_MJ_LOCK_CONTROL through a filter to the file system."""

from typing import Final

from ntscan.drivermodel.bugcheck import Irql
from ntscan.drivermodel.completion import IO_COMPLETE_REQUEST
from ntscan.drivermodel.devices import FILE_SYSTEM_DEVICE, FILTER_DEVICE
from ntscan.drivermodel.driver_objects import create_device
from ntscan.drivermodel.execution import (
    Answer,
    Control,
    Frame,
    LockRequest,
    Return,
    Routine,
    private,
)
from ntscan.drivermodel.fast_io import FILE_SYSTEM_FAST_IO, FILTER_FAST_IO
from ntscan.drivermodel.io_manager import call_driver
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
from ntscan.drivermodel.story import Lane

IRP_MJ_LOCK_CONTROL: Final = 0x11
IRP_MN_LOCK: Final = 0x01
IRP_MN_UNLOCK_SINGLE: Final = 0x02


def topmost_device(kernel: Kernel) -> int:
    """Give the device object that requests for a fork are sent to."""
    return FILTER_DEVICE if kernel.policies.refusal is Refusal.FILTER else FILE_SYSTEM_DEVICE


def start_completion_dpc(kernel: Kernel, irp: int) -> None:
    """Queue the DPC in which a driver calls IoCompleteRequest for a pending IRP."""
    kernel.start("DPC", Frame(IO_COMPLETE_REQUEST, irp=irp), Irql.DISPATCH_LEVEL)


@private
def return_status(_kernel: Kernel, frame: Frame) -> Answer:
    """Return the frame's own status."""
    return Return(frame.status)


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
        done = kernel.lock_table.unlock(request)
        status = STATUS_SUCCESS if done else STATUS_RANGE_NOT_LOCKED
    else:
        done = kernel.lock_table.lock(request)
        status = STATUS_SUCCESS if done else STATUS_LOCK_NOT_GRANTED
    set_status(kernel, frame.irp, status)
    kernel.tell(
        Lane.IO_MANAGER,
        Lane.FILE_SYSTEM,
        "The file system's dispatch routine carries out the request: status {:#010x}",
        status,
    )
    frame.status = status
    return Control.NEXT


def _complete(kernel: Kernel, frame: Frame) -> Answer:
    if kernel.policies.completion is Completion.IMMEDIATE:
        kernel.tell(
            Lane.FILE_SYSTEM,
            Lane.IO_MANAGER,
            "The file system calls IoCompleteRequest({:#010x})",
            frame.irp,
        )
        return Frame(IO_COMPLETE_REQUEST, irp=frame.irp)
    mark_irp_pending(kernel, frame.irp)
    frame.status = STATUS_PENDING
    start_completion_dpc(kernel, frame.irp)
    kernel.tell(
        Lane.FILE_SYSTEM,
        Lane.SFM,
        "The file system answers STATUS_PENDING; a DPC will complete {:#010x}",
        frame.irp,
    )
    return Control.NEXT


def _pass_down(kernel: Kernel, frame: Frame) -> Answer:
    """IoCopyCurrentIrpStackLocationToNext, without a completion routine, and IofCallDriver."""
    layout = kernel.layouts.stack_location
    location = current_stack_location(kernel, frame.irp)
    following = next_stack_location(kernel, frame.irp)
    copied = kernel.memory.read_bytes(location, layout.completion_routine)
    kernel.memory.write_bytes(following, copied)
    kernel.memory.write(following + layout.control, 0, 1)
    return call_driver(kernel, FILE_SYSTEM_DEVICE, frame)


@private
def _return_result(_kernel: Kernel, frame: Frame) -> Answer:
    return Return(frame.result)


_FILE_SYSTEM_DISPATCH: Final = Routine(
    name="the file system's dispatch routine",
    address=0xFC0C2210,
    lane=Lane.FILE_SYSTEM,
    steps=(_lock_control, _complete, return_status),
)
_FILTER_DISPATCH: Final = Routine(
    name="the filter's dispatch routine",
    address=0xFC3E1180,
    lane=Lane.FILE_SYSTEM,
    steps=(_pass_down, _return_result),
)


def attach(kernel: Kernel) -> None:
    """Load the file system and the filter, and create their devices."""
    create_device(
        kernel, FILE_SYSTEM_DEVICE, IRP_MJ_LOCK_CONTROL, _FILE_SYSTEM_DISPATCH, FILE_SYSTEM_FAST_IO
    )
    create_device(kernel, FILTER_DEVICE, IRP_MJ_LOCK_CONTROL, _FILTER_DISPATCH, FILTER_FAST_IO)
