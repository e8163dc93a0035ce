"""IoCompleteRequest: unwinding the stack locations, and what follows when nobody keeps the IRP."""

from typing import Final

from ntscan.drivermodel.bugcheck import BugCheckError, Irql, StopCode
from ntscan.drivermodel.execution import Answer, Control, Frame, Goto, Return, Routine, private
from ntscan.drivermodel.io_manager import io_free_irp
from ntscan.drivermodel.irp import (
    IO_TYPE_IRP,
    SL_INVOKE_ON_ERROR,
    SL_INVOKE_ON_SUCCESS,
    SL_PENDING_RETURNED,
    STATUS_MORE_PROCESSING_REQUIRED,
    STATUS_SUCCESS,
    current_location,
    current_stack_location,
    irp_type,
    mark_irp_pending,
    move_stack_location,
    stack_count,
)
from ntscan.drivermodel.kernel import Kernel
from ntscan.drivermodel.kevent import set_event
from ntscan.drivermodel.story import Lane

#: KTHREAD.ApcState, through which KeInsertQueueApc reaches; assumed, no public header shows it.
_KTHREAD_APC_STATE: Final = 0x34
_ERROR_SEVERITY: Final = 0x80000000


def _take_location(kernel: Kernel, frame: Frame) -> Answer:
    kind, location = irp_type(kernel, frame.irp), current_location(kernel, frame.irp)
    count = stack_count(kernel, frame.irp)
    if location > count + 1 or kind != IO_TYPE_IRP:
        complete, freed = "this IRP is complete already", "this is no IRP, or a freed one"
        cause = complete if kind == IO_TYPE_IRP else freed
        raise BugCheckError(
            StopCode.MULTIPLE_IRP_COMPLETE_REQUESTS,
            f"IoCompleteRequest({frame.irp:#010x}) finds Type {kind:#06x} and CurrentLocation"
            f" {location} of {count}: {cause}",
        )
    frame.location = current_stack_location(kernel, frame.irp)
    # The loop's condition comes before its body: an IRP that was never sent has no location.
    return Control.NEXT if _move_up(kernel, frame) else Goto(_QUEUE_APC)


def _move_up(kernel: Kernel, frame: Frame) -> bool:
    """Make the location above current; say whether the one in ``frame`` is the IRP's own."""
    count = stack_count(kernel, frame.irp)
    return move_stack_location(kernel, frame.irp, 1) <= count + 1


def _call_completion_routine(kernel: Kernel, frame: Frame) -> Answer:
    memory, irp, layout = kernel.memory, kernel.layouts.irp, kernel.layouts.stack_location
    control = memory.read(frame.location + layout.control, 1)
    pending = control & SL_PENDING_RETURNED
    memory.write(frame.irp + irp.pending_returned, pending, 1)
    status = memory.read(frame.irp + irp.io_status)
    wanted = SL_INVOKE_ON_ERROR if status & _ERROR_SEVERITY else SL_INVOKE_ON_SUCCESS
    frame.result = STATUS_SUCCESS
    if control & wanted:
        routine = kernel.routine_at(memory.read(frame.location + layout.completion_routine))
        context = memory.read(frame.location + layout.context)
        kernel.tell(
            Lane.IO_MANAGER,
            routine.lane,
            "IoCompleteRequest({:#010x}) calls {} at {:#010x}",
            frame.irp,
            routine.name,
            routine.address,
        )
        return Frame(routine, irp=frame.irp, context=context)
    if pending and current_location(kernel, frame.irp) <= stack_count(kernel, frame.irp):
        mark_irp_pending(kernel, frame.irp)
    return Control.NEXT


@private
def _leave_if_kept(_kernel: Kernel, frame: Frame) -> Answer:
    if frame.result == STATUS_MORE_PROCESSING_REQUIRED:
        return Return(STATUS_SUCCESS)
    return Control.NEXT


def _next_location(kernel: Kernel, frame: Frame) -> Answer:
    frame.location += kernel.layouts.stack_location.size
    return Goto(_CALL) if _move_up(kernel, frame) else Control.NEXT


def _queue_apc(kernel: Kernel, frame: Frame) -> Answer:
    """No completion routine kept the IRP: KeInsertQueueApc to the thread that it belongs to."""
    kernel.processor.irql = Irql.DISPATCH_LEVEL
    thread = kernel.memory.read(frame.irp + kernel.layouts.irp.thread)
    kernel.tell(
        Lane.IO_MANAGER,
        Lane.IO_MANAGER,
        "No completion routine kept {:#010x}: an APC goes to the IRP's thread {:#010x}",
        frame.irp,
        thread,
    )
    kernel.memory.read(thread + _KTHREAD_APC_STATE)
    kernel.start("APC", Frame(_IOP_COMPLETE_REQUEST, irp=frame.irp, context=thread))
    return Return(STATUS_SUCCESS)


def _finish_in_thread(kernel: Kernel, frame: Frame) -> Answer:
    """Store the status where UserIosb points, set UserEvent, and free the IRP."""
    memory, irp = kernel.memory, kernel.layouts.irp
    user_iosb = memory.read(frame.irp + irp.user_iosb)
    if user_iosb:
        memory.write(user_iosb, memory.read(frame.irp + irp.io_status))
    user_event = memory.read(frame.irp + irp.user_event)
    if user_event:
        set_event(kernel, user_event)
    io_free_irp(kernel, frame.irp, user_event)
    kernel.tell(
        Lane.IO_MANAGER,
        Lane.FREE_IRPS,
        "IopCompleteRequest, in the thread's APC, frees {:#010x}",
        frame.irp,
        lists=True,
    )
    return Return(STATUS_SUCCESS)


IO_COMPLETE_REQUEST: Final = Routine(
    name="IoCompleteRequest",
    address=0x8010B6C0,
    lane=Lane.IO_MANAGER,
    steps=(
        _take_location,
        _call_completion_routine,
        _leave_if_kept,
        _next_location,
        _queue_apc,
    ),
)
_CALL: Final = IO_COMPLETE_REQUEST.steps.index(_call_completion_routine)
_QUEUE_APC: Final = IO_COMPLETE_REQUEST.steps.index(_queue_apc)
_IOP_COMPLETE_REQUEST: Final = Routine(
    name="IopCompleteRequest",
    address=0x8010C120,
    lane=Lane.IO_MANAGER,
    steps=(_finish_in_thread,),
)
