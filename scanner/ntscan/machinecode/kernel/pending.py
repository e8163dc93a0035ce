"""What goes on elsewhere while the traced driver waits, or after it has returned."""

from typing import Final

from ntscan.drivermodel.irp import STATUS_SUCCESS
from ntscan.machinecode.kernel.state import Kernel, PathEndError
from ntscan.machinecode.traced import FreedBy

_MOST_EVENTS: Final = 64


def let_others_run(kernel: Kernel) -> bool:
    """Complete one outstanding IRP, else run one deferred routine; say whether there was one."""
    if kernel.outstanding:
        kernel.complete(kernel.outstanding.pop(0), STATUS_SUCCESS)
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
