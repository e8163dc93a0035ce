"""The I/O manager's routines, with the DDK's names; they trust what they read from memory."""

from typing import Final

from ntscan.drivermodel.bugcheck import BugCheckError, Irql, StopCode
from ntscan.drivermodel.execution import Answer, Control, Frame, Goto, Lane, Return, Routine
from ntscan.drivermodel.irp import (
    IO_TYPE_IRP,
    SL_INVOKE_ON_ERROR,
    SL_INVOKE_ON_SUCCESS,
    SL_PENDING_RETURNED,
    STATUS_MORE_PROCESSING_REQUIRED,
    STATUS_SUCCESS,
    current_location,
    current_stack_location,
    initialize_irp,
    irp_type,
    mark_irp_pending,
    move_stack_location,
)
from ntscan.drivermodel.kernel import Kernel

_KTHREAD_APC_STATE: Final = 0x34
_ERROR_SEVERITY: Final = 0x80000000


def pop_free_irp(kernel: Kernel, frame: Frame) -> Answer:
    """IoAllocateIrp, first half: take memory for the IRP; 0 when there is none."""
    frame.irp = kernel.free_irps.allocate()
    if frame.irp:
        kernel.ownership.allocate(frame.irp, frame.context)
    kernel.tell(
        Lane.IO_MANAGER,
        Lane.FREE_IRPS,
        "IoAllocateIrp takes {:#010x}",
        frame.irp,
        lists=True,
    )
    return Control.NEXT


def initialize_allocated_irp(kernel: Kernel, frame: Frame) -> Answer:
    """IoAllocateIrp, second half: IoInitializeIrp writes the packet."""
    if frame.irp:
        initialize_irp(kernel, frame.irp)
        kernel.tell(
            Lane.IO_MANAGER,
            Lane.FREE_IRPS,
            "IoInitializeIrp writes Type and Size to {:#010x}, whose first word is now {:#010x}",
            frame.irp,
            kernel.memory.read(frame.irp),
            lists=True,
        )
    return Control.NEXT


#: The steps of IoAllocateIrp, to be placed into a routine that calls it; the IRP is ``frame.irp``.
IO_ALLOCATE_IRP: Final = (pop_free_irp, initialize_allocated_irp)


def io_free_irp(kernel: Kernel, irp: int, requester: int) -> None:
    """IoFreeIrp; ``requester`` is for the ledger alone."""
    kernel.ownership.free(irp, requester)
    if kernel.policies.type_check and irp_type(kernel, irp) != IO_TYPE_IRP:
        raise BugCheckError(
            StopCode.MULTIPLE_IRP_COMPLETE_REQUESTS,
            f"IoFreeIrp({irp:#010x}) finds Type {irp_type(kernel, irp):#06x}, not IO_TYPE_IRP",
        )
    kernel.free_irps.free(irp)


def call_driver(kernel: Kernel, device: int, frame: Frame) -> Frame:
    """IofCallDriver: make the next stack location current and enter the driver's dispatch routine.

    Raises ``BugCheckError`` 0x35 when the IRP has no stack location left.
    """
    if move_stack_location(kernel, frame.irp, -1) <= 0:
        raise BugCheckError(
            StopCode.NO_MORE_IRP_STACK_LOCATIONS,
            f"IofCallDriver({device:#010x}, {frame.irp:#010x}) finds no stack location left",
        )
    location = current_stack_location(kernel, frame.irp)
    kernel.memory.write(location + kernel.layouts.stack_location.device_object, device)
    return Frame(kernel.dispatch[device], irp=frame.irp, device=device)


def _take_location(kernel: Kernel, frame: Frame) -> Answer:
    kind, location = irp_type(kernel, frame.irp), current_location(kernel, frame.irp)
    stack_count = kernel.memory.read(frame.irp + kernel.layouts.irp.stack_count, 1)
    if location > stack_count + 1 or kind != IO_TYPE_IRP:
        raise BugCheckError(
            StopCode.MULTIPLE_IRP_COMPLETE_REQUESTS,
            f"IoCompleteRequest({frame.irp:#010x}) finds Type {kind:#06x} and CurrentLocation"
            f" {location} of {stack_count}: this IRP is complete already",
        )
    frame.location = current_stack_location(kernel, frame.irp)
    move_stack_location(kernel, frame.irp, 1)
    return Control.NEXT


def _call_completion_routine(kernel: Kernel, frame: Frame) -> Answer:
    memory, irp, layout = kernel.memory, kernel.layouts.irp, kernel.layouts.stack_location
    control = memory.read(frame.location + layout.control, 1)
    pending = control & SL_PENDING_RETURNED
    memory.write(frame.irp + irp.pending_returned, pending, 1)
    status = memory.read(frame.irp + irp.io_status)
    wanted = SL_INVOKE_ON_ERROR if status & _ERROR_SEVERITY else SL_INVOKE_ON_SUCCESS
    frame.result = STATUS_SUCCESS
    if control & wanted:
        address = memory.read(frame.location + layout.completion_routine)
        context = memory.read(frame.location + layout.context)
        routine = kernel.routine_at(address)
        kernel.tell(
            Lane.IO_MANAGER,
            Lane.SFM if address != DRIVER_COMPLETION_ADDRESS else Lane.OTHER,
            "IoCompleteRequest({:#010x}) calls the completion routine {} at {:#010x}",
            frame.irp,
            routine.name,
            address,
        )
        return Frame(routine, irp=frame.irp, context=context)
    if pending and current_location(kernel, frame.irp) <= memory.read(
        frame.irp + irp.stack_count, 1
    ):
        mark_irp_pending(kernel, frame.irp)
    return Control.NEXT


def _next_location(kernel: Kernel, frame: Frame) -> Answer:
    if frame.result == STATUS_MORE_PROCESSING_REQUIRED:
        return Return(STATUS_MORE_PROCESSING_REQUIRED)
    stack_count = kernel.memory.read(frame.irp + kernel.layouts.irp.stack_count, 1)
    frame.location += kernel.layouts.stack_location.size
    if move_stack_location(kernel, frame.irp, 1) <= stack_count + 1:
        return Goto(1)
    return Control.NEXT


def _queue_completion_apc(kernel: Kernel, frame: Frame) -> Answer:
    """Nobody kept the IRP: hand it to its thread, by a special kernel APC (KeInsertQueueApc)."""
    kernel.processor.irql = Irql.DISPATCH_LEVEL
    thread = kernel.memory.read(frame.irp + kernel.layouts.irp.thread)
    kernel.tell(
        Lane.IO_MANAGER,
        Lane.IO_MANAGER,
        "IoCompleteRequest({:#010x}) queues an APC to the IRP's thread {:#010x}",
        frame.irp,
        thread,
    )
    kernel.memory.read(thread + _KTHREAD_APC_STATE)
    kernel.start(
        f"APC for {frame.irp:#010x}",
        Frame(IOP_COMPLETE_REQUEST, irp=frame.irp, context=thread),
    )
    return Return(STATUS_SUCCESS)


def _finish_in_thread(kernel: Kernel, frame: Frame) -> Answer:
    """Store the status where UserIosb points, set UserEvent, free the IRP."""
    memory, irp = kernel.memory, kernel.layouts.irp
    user_iosb = memory.read(frame.irp + irp.user_iosb)
    if user_iosb:
        memory.write(user_iosb, memory.read(frame.irp + irp.io_status))
    user_event = memory.read(frame.irp + irp.user_event)
    if user_event:
        set_event(kernel, user_event)
    io_free_irp(kernel, frame.irp, frame.context)
    kernel.tell(
        Lane.IO_MANAGER,
        Lane.FREE_IRPS,
        "IopCompleteRequest, in the thread's APC, frees {:#010x}",
        frame.irp,
        lists=True,
    )
    return Return(STATUS_SUCCESS)


#: KEVENT.Header.SignalState.
_SIGNAL_STATE: Final = 4


def initialize_event(kernel: Kernel, event: int) -> None:
    """KeInitializeEvent, not signalled."""
    kernel.memory.write(event + _SIGNAL_STATE, 0)


def set_event(kernel: Kernel, event: int) -> None:
    """KeSetEvent."""
    kernel.memory.write(event + _SIGNAL_STATE, 1)


def event_is_set(kernel: Kernel, event: int) -> bool:
    """Say whether KeWaitForSingleObject on the event would return at once."""
    return kernel.memory.read(event + _SIGNAL_STATE) != 0


DRIVER_COMPLETION_ADDRESS: Final = 0xFC1A0A40

IO_COMPLETE_REQUEST: Final = Routine(
    name="IoCompleteRequest",
    address=0x8010B6C0,
    steps=(_take_location, _call_completion_routine, _next_location, _queue_completion_apc),
)
IOP_COMPLETE_REQUEST: Final = Routine(
    name="IopCompleteRequest", address=0x8010C120, steps=(_finish_in_thread,)
)
