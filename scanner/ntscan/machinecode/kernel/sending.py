"""IofCallDriver, and IofCompleteRequest with its walk through the completion routines.

Sources: ntddk.h for the structures; the walk is IoCompleteRequest's as the driver model has it.
"""

from collections.abc import Mapping
from functools import cache
from typing import Final

from ntscan.drivermodel.irp import (
    SL_INVOKE_ON_CANCEL,
    SL_INVOKE_ON_ERROR,
    SL_INVOKE_ON_SUCCESS,
    SL_PENDING_RETURNED,
    STATUS_MORE_PROCESSING_REQUIRED,
    STATUS_PENDING,
)
from ntscan.machinecode.kernel.call import Call, Model
from ntscan.machinecode.kernel.cancelling import IRP_CANCEL
from ntscan.machinecode.kernel.finishing import finish
from ntscan.machinecode.kernel.pending import decided_status
from ntscan.machinecode.kernel.request import Request, Send
from ntscan.machinecode.kernel.state import Kernel, PathEndError
from ntscan.machinecode.origin import Origin
from ntscan.machinecode.traced import FreedBy

#: Tail.Overlay.DriverContext, four words that are the driver's that has the IRP.
_OF_ITS_OWNER: Final = (0x40, 0x44, 0x48, 0x4C)


def send(kernel: Kernel, device: int, irp: int, at: int, *, advance: bool) -> int:
    """Hand an IRP to the driver below, and give what that driver returns.

    ``advance`` moves to the next stack location, as IofCallDriver does; a direct call of a
    dispatch routine finds it moved.
    """
    request = kernel.request(irp)
    if request is None:
        raise PathEndError(f"a request that it did not allocate is sent at 0x{at:x}")
    if request.block.freed or request.outstanding:
        state = "freed" if request.block.freed else "sent and not completed"
        raise PathEndError(f"an IRP that was {state} is sent at 0x{at:x}")
    if advance:
        _move(kernel, request, -1)
    location = _current(kernel, request)
    layout = kernel.layouts.stack_location
    memory = kernel.memory
    if advance:
        memory.write(location + layout.device_object, 4, device)
    major = memory.read(location + layout.major_function, 1)
    minor = memory.read(location + layout.minor_function, 1)
    request.sends.append(Send(major=major, minor=minor, sent_at=at))
    request.outstanding = True
    mode = kernel.choices.mode
    if not mode.is_pending:
        status = decided_status(kernel)
        complete(kernel, request, status)
        return status
    _mark_pending(kernel, location)
    if mode.waits:
        kernel.outstanding.append(request)
    else:
        complete(kernel, request, decided_status(kernel))
    return STATUS_PENDING


def complete(kernel: Kernel, request: Request, status: int | None) -> None:
    """Walk up from the current stack location; ``status`` is written first, unless None."""
    memory, layout, irp = kernel.memory, kernel.layouts.irp, request.address
    request.outstanding = False
    if status is not None:
        memory.write(irp + layout.io_status, 4, status)
        memory.write(irp + layout.io_status + 4, 4, 0)
        if not request.block.freed:
            _leave_open(kernel, request)
    while _number(kernel, request) <= request.stack_locations:
        location = _current(kernel, request)
        control = memory.read(location + kernel.layouts.stack_location.control, 1)
        pending = control & SL_PENDING_RETURNED
        memory.write(irp + layout.pending_returned, 1, pending)
        _move(kernel, request, +1)
        if _invokes(kernel, request, control):
            if _call_completion_routine(kernel, request, location):
                return
            if request.block.freed:
                break
        elif pending and _number(kernel, request) <= request.stack_locations:
            _mark_pending(kernel, _current(kernel, request))
    finish(kernel, request)


def _leave_open(kernel: Kernel, request: Request) -> None:
    """Let the driver below have changed what is its own while it has the IRP."""
    for offset, word in _words_of_its_owner(request.number, kernel.layouts.irp.io_status):
        kernel.memory.leave_open(request.address + offset, word)
        kernel.unusual.add(word)


@cache
def _words_of_its_owner(number: int, io_status: int) -> tuple[tuple[int, Origin], ...]:
    """Name what the driver that has an IRP may write, by its offset: IoStatus.Information first."""
    name = "IRP" if number == 1 else f"IRP#{number}"
    offsets = (io_status + 4, IRP_CANCEL, *_OF_ITS_OWNER)
    return tuple((offset, Origin(name, (offset,))) for offset in offsets)


def _call_completion_routine(kernel: Kernel, request: Request, location: int) -> bool:
    """Call it; say whether it keeps the IRP (STATUS_MORE_PROCESSING_REQUIRED)."""
    memory, layout = kernel.memory, kernel.layouts.stack_location
    routine = memory.read(location + layout.completion_routine, 4)
    context = memory.read(location + layout.context, 4)
    last = _number(kernel, request) > request.stack_locations
    device = 0 if last else memory.read(_current(kernel, request) + layout.device_object, 4)
    request.completed_at = kernel.rva(routine)
    result = kernel.call(
        routine,
        (device, request.address, context),
        FreedBy.COMPLETION,
        "a completion routine",
    )
    return result == STATUS_MORE_PROCESSING_REQUIRED


def _invokes(kernel: Kernel, request: Request, control: int) -> bool:
    memory = kernel.memory
    status = memory.read(request.address + kernel.layouts.irp.io_status, 4)
    wanted = SL_INVOKE_ON_ERROR if status & 0x80000000 else SL_INVOKE_ON_SUCCESS
    if memory.read(request.address + IRP_CANCEL, 1):
        wanted |= SL_INVOKE_ON_CANCEL
    return bool(control & wanted)


def _mark_pending(kernel: Kernel, location: int) -> None:
    address = location + kernel.layouts.stack_location.control
    control = kernel.memory.read(address, 1)
    kernel.memory.write(address, 1, control | SL_PENDING_RETURNED)


def _number(kernel: Kernel, request: Request) -> int:
    number = kernel.memory.read(request.address + kernel.layouts.irp.current_location, 1)
    return number - 0x100 if number > 0x7F else number  # noqa: PLR2004  a CCHAR


def _current(kernel: Kernel, request: Request) -> int:
    return kernel.memory.read(request.address + kernel.layouts.irp.current_stack_location, 4)


def _move(kernel: Kernel, request: Request, locations: int) -> None:
    number = _number(kernel, request) + locations
    if number <= 0:
        raise PathEndError("an IRP is sent without a stack location left (STOP 0x35)")
    layout, irp = kernel.layouts.irp, request.address
    location = _current(kernel, request) + locations * kernel.layouts.stack_location.size
    kernel.memory.write(irp + layout.current_location, 1, number)
    kernel.memory.write(irp + layout.current_stack_location, 4, location)


def _iof_call_driver(call: Call) -> int:
    return send(call.kernel, call[0], call[1], call.at, advance=True)


def _iof_complete_request(call: Call) -> int:
    request = call.kernel.request(call[0])
    if request is None:
        return 0  # a request that was sent to the driver: another's to free
    if request.block.freed:
        raise PathEndError(f"an IRP that was freed is completed at 0x{call.at:x}")
    complete(call.kernel, request, None)
    return 0


MODELS: Final[Mapping[str, Model]] = {
    "IofCallDriver": _iof_call_driver,
    "IoCallDriver": _iof_call_driver,
    "IofCompleteRequest": _iof_complete_request,
    "IoCompleteRequest": _iof_complete_request,
}
