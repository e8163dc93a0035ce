"""What goes on elsewhere while the traced driver waits, or after it has returned."""

from typing import Final

from ntscan.drivermodel.irp import (
    STATUS_MORE_PROCESSING_REQUIRED,
    STATUS_PENDING,
    STATUS_RANGE_NOT_LOCKED,
    STATUS_SUCCESS,
)
from ntscan.machinecode.kernel.state import Kernel, PathEndError
from ntscan.machinecode.traced import FreedBy

_MOST_EVENTS: Final = 64
_ERROR: Final = 0x80000000
_NEVER_FINAL: Final = (STATUS_PENDING, STATUS_MORE_PROCESSING_REQUIRED)


def decided_status(kernel: Kernel) -> int:
    """Give the status that a request completes with: one that its mode allows."""
    default = STATUS_RANGE_NOT_LOCKED if kernel.choices.mode.fails else STATUS_SUCCESS
    status = kernel.decided("IoStatus.Status", default)
    fits = bool(status & _ERROR) == kernel.choices.mode.fails and status not in _NEVER_FINAL
    return status if fits else default


def let_others_run(kernel: Kernel) -> bool:
    """Complete one outstanding IRP, else run one deferred routine; say whether there was one."""
    if kernel.outstanding:
        kernel.complete(kernel.outstanding.pop(0), decided_status(kernel))
        return True
    if kernel.deferred:
        item = kernel.deferred.popleft()
        kernel.call(item.routine, item.arguments, FreedBy.DEFERRED, item.what)
        return True
    return False


def let_all_run(kernel: Kernel) -> None:
    """Let everything happen that was set going."""
    for _ in range(_MOST_EVENTS):
        if not let_others_run(kernel):
            return
    raise PathEndError(f"more than {_MOST_EVENTS} things are left to do after it has returned")
