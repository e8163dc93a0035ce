"""Services for Macintosh: the steps that sfmsrv.sys takes to lock and unlock bytes of a fork.

Each step is what the source line of a driver would be: one call, or one run of assignments.
``frame.context`` is a block on the worker's kernel stack: a KEVENT, then the length.
"""

from typing import Final, NamedTuple

from ntscan.drivermodel.address_map import (
    KERNEL_STACKS,
    STACK_BLOCK_SIZE,
    THREAD_OBJECT_SIZE,
    THREAD_OBJECTS,
)
from ntscan.drivermodel.devices import FAST_IO_LOCK, FAST_IO_UNLOCK_SINGLE, fast_io_routine
from ntscan.drivermodel.execution import Answer, Control, Frame, LockRequest, Return, Step, private
from ntscan.drivermodel.file_system import (
    IRP_MJ_LOCK_CONTROL,
    IRP_MN_LOCK,
    IRP_MN_UNLOCK_SINGLE,
    topmost_device,
)
from ntscan.drivermodel.io_manager import call_driver, io_free_irp
from ntscan.drivermodel.irp import (
    STATUS_INSUFFICIENT_RESOURCES,
    STATUS_MORE_PROCESSING_REQUIRED,
    STATUS_PENDING,
    STATUS_SUCCESS,
    next_stack_location,
    set_completion_routine,
)
from ntscan.drivermodel.kernel import Kernel
from ntscan.drivermodel.kevent import event_is_set, initialize_event, set_event
from ntscan.drivermodel.story import Lane

_LENGTH: Final = 0x18


class Operation(NamedTuple):
    """A request of the AppleTalk Filing Protocol that reaches the file system."""

    name: str
    fast_io_name: str
    fast_io: int  # offset in FAST_IO_DISPATCH
    minor_function: int
    address: int  # of SFM's routine for it
    completion_address: int


LOCK: Final = Operation("lock", "FastIoLock", FAST_IO_LOCK, IRP_MN_LOCK, 0xFC4C3700, 0xFC4C3960)
UNLOCK: Final = Operation(
    "unlock",
    "FastIoUnlockSingle",
    FAST_IO_UNLOCK_SINGLE,
    IRP_MN_UNLOCK_SINGLE,
    0xFC4C3A10,
    0xFC4C3C60,
)


def try_fast_io(operation: Operation) -> Step:
    """Make the step that calls the Fast I/O routine; where it answers TRUE, all is done."""

    def step(kernel: Kernel, frame: Frame) -> Answer:
        request = _request_of(frame)
        device = topmost_device(kernel)
        kernel.tell(
            Lane.CLIENT,
            Lane.SFM,
            "A client asks to {} {} bytes at {} of the fork {:#010x}",
            operation.name,
            request.length,
            request.offset,
            request.fork,
        )
        reason = fast_io_routine(kernel, device, operation.fast_io).answer(kernel, request)
        kernel.tell(
            Lane.SFM,
            Lane.FILE_SYSTEM,
            "SFM calls {}; it answers {}",
            operation.fast_io_name,
            "TRUE" if reason is None else f"FALSE: {reason}",
        )
        return Return(STATUS_SUCCESS) if reason is None else Control.NEXT

    return step


def set_up(operation: Operation) -> Step:
    """Make the step that fills in the next stack location and calls IoSetCompletionRoutine."""

    def step(kernel: Kernel, frame: Frame) -> Answer:
        if not frame.irp:
            return Return(STATUS_INSUFFICIENT_RESOURCES)
        request = _request_of(frame)
        memory, layout = kernel.memory, kernel.layouts.stack_location
        location = next_stack_location(kernel, frame.irp)
        initialize_event(kernel, frame.context)
        memory.write(frame.context + _LENGTH, request.length, 8)
        memory.write(location + layout.major_function, IRP_MJ_LOCK_CONTROL, 1)
        memory.write(location + layout.minor_function, operation.minor_function, 1)
        memory.write(location + layout.length, frame.context + _LENGTH)
        memory.write(location + layout.key, request.client)
        memory.write(location + layout.byte_offset, request.offset, 8)
        memory.write(location + layout.file_object, request.fork)
        set_completion_routine(kernel, frame.irp, operation.completion_address, frame.context)
        return Control.NEXT

    return step


def send(kernel: Kernel, frame: Frame) -> Answer:
    """IofCallDriver to the topmost device of the fork's volume."""
    device = topmost_device(kernel)
    kernel.tell(
        Lane.SFM,
        Lane.IO_MANAGER,
        "SFM calls IofCallDriver({:#010x}, {:#010x}) with IRP_MJ_LOCK_CONTROL",
        device,
        frame.irp,
    )
    return call_driver(kernel, device, frame)


def wait_if_pending(kernel: Kernel, frame: Frame) -> Answer:
    """Wait for the completion routine's event where IofCallDriver answered STATUS_PENDING."""
    if frame.result == STATUS_PENDING and not event_is_set(kernel, frame.context):
        return Control.BLOCKED
    return Control.NEXT


def free_irp(kernel: Kernel, frame: Frame) -> Answer:
    """IoFreeIrp."""
    io_free_irp(kernel, frame.irp, frame.context)
    kernel.tell(
        frame.routine.lane,
        Lane.FREE_IRPS,
        "IoFreeIrp({:#010x}) in {}: free {} of this IRP",
        frame.irp,
        frame.routine.name,
        kernel.ledger.frees.count((frame.irp, frame.context)),
        lists=True,
    )
    return Control.NEXT


def signal(kernel: Kernel, frame: Frame) -> Answer:
    """KeSetEvent on the event that the allocating routine may wait for."""
    set_event(kernel, frame.context)
    return Control.NEXT


@private
def keep_irp(_kernel: Kernel, _frame: Frame) -> Answer:
    """Return STATUS_MORE_PROCESSING_REQUIRED: the I/O manager leaves the IRP to SFM."""
    return Return(STATUS_MORE_PROCESSING_REQUIRED)


@private
def let_go(_kernel: Kernel, _frame: Frame) -> Answer:
    """Return STATUS_SUCCESS: the I/O manager finishes with the IRP."""
    return Return(STATUS_SUCCESS)


def set_user_event(kernel: Kernel, frame: Frame) -> Answer:
    """Store the worker's event in Irp->UserEvent, for the I/O manager to set."""
    kernel.memory.write(frame.irp + kernel.layouts.irp.user_event, frame.context)
    return Control.NEXT


def set_thread(kernel: Kernel, frame: Frame) -> Answer:
    """Store the worker's thread in Irp->Tail.Overlay.Thread, as for a threaded IRP."""
    worker = (frame.context - KERNEL_STACKS) // STACK_BLOCK_SIZE
    thread = THREAD_OBJECTS + worker * THREAD_OBJECT_SIZE
    kernel.memory.write(frame.irp + kernel.layouts.irp.thread, thread)
    return Control.NEXT


def wait(kernel: Kernel, frame: Frame) -> Answer:
    """Wait for the event, whatever IofCallDriver answered."""
    return Control.NEXT if event_is_set(kernel, frame.context) else Control.BLOCKED


def _request_of(frame: Frame) -> LockRequest:
    if frame.request is None:
        raise ValueError("a lock or unlock routine runs for a request")
    return frame.request
