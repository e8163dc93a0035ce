"""Services for Macintosh: the unlock path of sfmsrv.sys, as sequences of steps.

The article (Q242896) tells what the vulnerable build does: where FastIoUnlockSingle answers FALSE,
it sends an IRP, frees it twice in the completion routine and once in the routine that allocated it.
A build is data here: the steps of its two routines, in order. Nothing else tells builds apart.
"""

from dataclasses import dataclass
from typing import Final

from ntscan.drivermodel.execution import Answer, Control, Frame, Lane, Return, Routine, Step
from ntscan.drivermodel.file_system import (
    IRP_MJ_LOCK_CONTROL,
    IRP_MN_UNLOCK_SINGLE,
    topmost_device,
)
from ntscan.drivermodel.io_manager import (
    IO_ALLOCATE_IRP,
    call_driver,
    event_is_set,
    initialize_event,
    io_free_irp,
    set_event,
)
from ntscan.drivermodel.irp import (
    STATUS_INSUFFICIENT_RESOURCES,
    STATUS_MORE_PROCESSING_REQUIRED,
    STATUS_PENDING,
    STATUS_SUCCESS,
    next_stack_location,
    set_completion_routine,
)
from ntscan.drivermodel.kernel import Kernel

_UNLOCK_ADDRESS: Final = 0xFC4C3A10
_COMPLETION_ADDRESS: Final = 0xFC4C3C60
#: In the block on the worker's kernel stack: a KEVENT, then the LARGE_INTEGER of the length.
_LENGTH: Final = 0x18


def try_fast_io(kernel: Kernel, frame: Frame) -> Answer:
    """Call FastIoUnlockSingle; where it answers TRUE, the unlock is done."""
    request = frame.request
    if request is None:
        raise ValueError("an unlock routine runs for a request")
    kernel.tell(
        Lane.CLIENT,
        Lane.SFM,
        "A client asks to unlock {} bytes at {} of the fork {:#010x}",
        request.length,
        request.offset,
        request.fork,
    )
    reason = kernel.file_system.fast_io_unlock_single(request)
    kernel.tell(
        Lane.SFM,
        Lane.FAST_IO,
        "SFM calls FastIoUnlockSingle; it answers {}",
        "TRUE" if reason is None else f"FALSE: {reason}",
    )
    if reason is None:
        return Return(STATUS_SUCCESS)
    return Control.NEXT


def set_up(kernel: Kernel, frame: Frame) -> Answer:
    """Fill in the next stack location, and IoSetCompletionRoutine."""
    request = frame.request
    if request is None:
        raise ValueError("an unlock routine runs for a request")
    if not frame.irp:
        return Return(STATUS_INSUFFICIENT_RESOURCES)
    memory, layout = kernel.memory, kernel.layouts.stack_location
    location = next_stack_location(kernel, frame.irp)
    initialize_event(kernel, frame.context)
    memory.write(frame.context + _LENGTH, request.length, 8)
    memory.write(location + layout.major_function, IRP_MJ_LOCK_CONTROL, 1)
    memory.write(location + layout.minor_function, IRP_MN_UNLOCK_SINGLE, 1)
    memory.write(location + layout.length, frame.context + _LENGTH)
    memory.write(location + layout.key, request.client)
    memory.write(location + layout.byte_offset, request.offset, 8)
    memory.write(location + layout.file_object, request.fork)
    set_completion_routine(kernel, frame.irp, _COMPLETION_ADDRESS, frame.context)
    return Control.NEXT


def send(kernel: Kernel, frame: Frame) -> Answer:
    """IofCallDriver to the topmost device of the fork's volume."""
    device = topmost_device(kernel)
    kernel.tell(
        Lane.SFM,
        Lane.IO_MANAGER,
        "SFM calls IofCallDriver({:#010x}, {:#010x}): IRP_MJ_LOCK_CONTROL, IRP_MN_UNLOCK_SINGLE",
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
        Lane.SFM,
        Lane.FREE_IRPS,
        "IoFreeIrp({:#010x}) in {}: free {} of this IRP",
        frame.irp,
        frame.routine.name,
        kernel.ownership.frees[frame.irp, frame.context],
        lists=True,
    )
    return Control.NEXT


def signal(kernel: Kernel, frame: Frame) -> Answer:
    """KeSetEvent on the event that the allocating routine may wait for."""
    set_event(kernel, frame.context)
    return Control.NEXT


def keep_irp(_kernel: Kernel, _frame: Frame) -> Answer:
    """Return STATUS_MORE_PROCESSING_REQUIRED: the I/O manager leaves the IRP alone."""
    return Return(STATUS_MORE_PROCESSING_REQUIRED)


def finish(_kernel: Kernel, _frame: Frame) -> Answer:
    """Answer the client."""
    return Return(STATUS_SUCCESS)


@dataclass(frozen=True, slots=True)
class Build:
    """A build of sfmsrv.sys, as far as its unlock path goes."""

    name: str
    unlock: Routine
    completion: Routine

    def load(self, kernel: Kernel) -> None:
        """Load the driver: its routines can be called through their addresses."""
        kernel.load(self.unlock, self.completion)


def build(name: str, *, completion: tuple[Step, ...], after_send: tuple[Step, ...]) -> Build:
    """Make a build from the steps of its completion routine and those after IofCallDriver."""
    return Build(
        name,
        Routine(
            name="SFM's unlock routine",
            address=_UNLOCK_ADDRESS,
            steps=(try_fast_io, *IO_ALLOCATE_IRP, set_up, send, *after_send, finish),
        ),
        Routine(name="SFM's completion routine", address=_COMPLETION_ADDRESS, steps=completion),
    )


VULNERABLE: Final = build(
    "twice in the completion routine, once in the allocating routine",
    completion=(free_irp, free_irp, signal, keep_irp),
    after_send=(wait_if_pending, free_irp),
)

COMPLETION_FREES: Final = build(
    "the completion routine frees the IRP and keeps it from the I/O manager",
    completion=(free_irp, signal, keep_irp),
    after_send=(wait_if_pending,),
)
