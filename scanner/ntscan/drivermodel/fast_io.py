"""Fast I/O: the calls into a file system that need no IRP, and the causes that refuse them.

The answer is None for TRUE, or the reason for FALSE.
"""

from typing import Final

from ntscan.drivermodel.devices import (
    FAST_IO_LOCK,
    FAST_IO_UNLOCK_SINGLE,
    FILE_SYSTEM_DEVICE,
    fast_io_routine,
)
from ntscan.drivermodel.execution import FastIoRoutine, LockRequest
from ntscan.drivermodel.kernel import Kernel
from ntscan.drivermodel.policies import Refusal


def _reason_to_refuse(kernel: Kernel, request: LockRequest) -> str | None:
    refusal = kernel.policies.refusal
    if refusal is Refusal.OPLOCK and request.fork in kernel.oplocks:
        return "an oplock on the fork is outstanding"
    if refusal is Refusal.BYTE_RANGE_LOCKS and kernel.lock_table.others_on_fork(request):
        return "other byte-range locks are present on the fork"
    return None


def _lock(kernel: Kernel, request: LockRequest) -> str | None:
    reason = _reason_to_refuse(kernel, request)
    if reason is None:
        kernel.lock_table.lock(request)
    return reason


def _unlock_single(kernel: Kernel, request: LockRequest) -> str | None:
    reason = _reason_to_refuse(kernel, request)
    if reason is None:
        kernel.lock_table.unlock(request)
    return reason


def _filter_lock(kernel: Kernel, request: LockRequest) -> str | None:
    if kernel.filter_refuses:
        return "a filter driver above the file system refuses Fast I/O"
    return fast_io_routine(kernel, FILE_SYSTEM_DEVICE, FAST_IO_LOCK).answer(kernel, request)


def _filter_unlock_single(kernel: Kernel, request: LockRequest) -> str | None:
    if kernel.filter_refuses:
        return "a filter driver above the file system refuses Fast I/O"
    below = fast_io_routine(kernel, FILE_SYSTEM_DEVICE, FAST_IO_UNLOCK_SINGLE)
    return below.answer(kernel, request)


FILE_SYSTEM_FAST_IO: Final = (
    (FAST_IO_LOCK, FastIoRoutine(name="FastIoLock", address=0xFC0C3A00, answer=_lock)),
    (
        FAST_IO_UNLOCK_SINGLE,
        FastIoRoutine(name="FastIoUnlockSingle", address=0xFC0C3B40, answer=_unlock_single),
    ),
)
FILTER_FAST_IO: Final = (
    (FAST_IO_LOCK, FastIoRoutine(name="FastIoLock", address=0xFC3E1500, answer=_filter_lock)),
    (
        FAST_IO_UNLOCK_SINGLE,
        FastIoRoutine(name="FastIoUnlockSingle", address=0xFC3E1560, answer=_filter_unlock_single),
    ),
)
