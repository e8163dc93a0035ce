"""IoCancelIrp, of an IRP that the traced driver sent (ntddk.h)."""

from collections.abc import Mapping
from typing import Final

from ntscan.drivermodel.irp import STATUS_CANCELLED
from ntscan.machinecode.kernel.call import Call, Model
from ntscan.machinecode.kernel.pending import decided_status
from ntscan.machinecode.kernel.state import PathEndError

IRP_CANCEL: Final = 0x24
_IRP_CANCEL_ROUTINE: Final = 0x38


def _io_cancel_irp(call: Call) -> int:
    """Set Irp->Cancel; the driver below may complete the IRP before this returns TRUE.

    Where requests fail, it does, with STATUS_CANCELLED, unless the rest of the system decides
    otherwise; where they succeed, it is too late to be cancelled. One that is not outstanding has
    no cancel routine of another's.
    """
    kernel, memory = call.kernel, call.memory
    request = kernel.request(call[0])
    if request is None:
        raise PathEndError(f"a request that it did not allocate is cancelled at 0x{call.at:x}")
    memory.write(request.address + IRP_CANCEL, 1, 1)
    if memory.read(request.address + _IRP_CANCEL_ROUTINE, 4):
        raise PathEndError(f"0x{call.at:x} cancels an IRP whose cancel routine is the driver's own")
    if request not in kernel.outstanding:
        return 0
    fails = kernel.choices.mode.fails
    if not kernel.decided(call.name, int(fails), acted_on=True):
        return 0
    kernel.outstanding.remove(request)
    kernel.complete(request, STATUS_CANCELLED if fails else decided_status(kernel))
    return 1


MODELS: Final[Mapping[str, Model]] = {"IoCancelIrp": _io_cancel_irp}
