"""What the I/O manager does with an IRP that no completion routine has kept."""

from ntscan.machinecode.kernel.irps import free_request
from ntscan.machinecode.kernel.request import Request
from ntscan.machinecode.kernel.state import Kernel, PathEndError
from ntscan.machinecode.kernel.waiting import set_event
from ntscan.machinecode.traced import FreedBy


def finish(kernel: Kernel, request: Request) -> None:
    """Report the status to the sender, set the event, and free the IRP.

    That is done in the context of the sender's thread, so an IRP that names none (as
    IoAllocateIrp makes them) cannot be finished: on a running system it stops the machine.
    """
    memory, layout, irp = kernel.memory, kernel.layouts.irp, request.address
    freed = request.block.freed
    if memory.read(irp + layout.thread, 4) == 0:
        state = "was freed" if freed else "names no thread"
        raise PathEndError(f"the I/O manager would finish with an IRP that {state}")
    status = memory.read(irp + layout.io_status, 4)
    failed_at_once = status >> 30 == 3 and not memory.read(irp + layout.pending_returned, 1)  # noqa: PLR2004  NT_ERROR
    iosb = memory.read(irp + layout.user_iosb, 4)
    event = memory.read(irp + layout.user_event, 4)
    if not failed_at_once:
        if iosb:
            memory.write(iosb, 4, status)
            memory.write(iosb + 4, 4, memory.read(irp + layout.io_status + 4, 4))
        if event:
            set_event(kernel, event)
    free_request(request, FreedBy.IO_MANAGER, None, kernel)
