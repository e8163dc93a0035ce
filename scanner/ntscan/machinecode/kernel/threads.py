"""The current thread and process, IRQLs, spin locks and time (ntddk.h); a run has one thread."""

from collections.abc import Mapping
from typing import Final

from ntscan.machinecode.kernel.call import Call, Model, answer
from ntscan.machinecode.kernel.state import Kernel
from ntscan.machinecode.origin import Origin

_PASSIVE_LEVEL: Final = 0


def current_thread(kernel: Kernel) -> int:
    """Give the KTHREAD that runs: an unknown like any other, the same whenever it is asked."""
    return kernel.memory.places.unknown.value(Origin("current thread"))


def _current_process(call: Call) -> int:
    return call.memory.places.unknown.value(Origin("current process"))


def _write_old_irql(index: int) -> Model:
    def model(call: Call) -> int:
        call.memory.write(call[index], 1, _PASSIVE_LEVEL)
        return 0

    return model


def _query_time(call: Call) -> int:
    # 1 December 1999, in FILETIME ticks.
    call.memory.write(call[0], 8, 0x01BF3B8F_B8A68000)
    return 0


_OLD_IRQL: Final = (
    "ExAcquireSpinLock",
    "KeGetCurrentIrql",
    "KfAcquireSpinLock",
    "KfRaiseIrql",
    "KeRaiseIrqlToDpcLevel",
    "KeRaiseIrqlToSynchLevel",
    "KeAcquireSpinLockRaiseToSynch",
    "KeAcquireSpinLockRaiseToDpc",
)
_NOTHING: Final = (
    "ExAcquireFastMutex",
    "ExAcquireFastMutexUnsafe",
    "ExReleaseFastMutex",
    "ExReleaseFastMutexUnsafe",
    "ExReleaseResourceForThreadLite",
    "ExReleaseResourceLite",
    "IoReleaseCancelSpinLock",
    "KeAcquireSpinLockAtDpcLevel",
    "KeEnterCriticalRegion",
    "KeInitializeSpinLock",
    "KeLeaveCriticalRegion",
    "KeLowerIrql",
    "KeReleaseSpinLock",
    "KeReleaseSpinLockFromDpcLevel",
    "KefAcquireSpinLockAtDpcLevel",
    "KefReleaseSpinLockFromDpcLevel",
    "KfLowerIrql",
    "KfReleaseSpinLock",
    "KeStallExecutionProcessor",
    "ExDeleteResourceLite",
    "ExInitializeResourceLite",
    "DbgPrint",
    "DbgPrintEx",
)
_TRUE: Final = (
    "ExAcquireResourceExclusiveLite",
    "ExAcquireResourceSharedLite",
    "ExAcquireSharedStarveExclusive",
    "ExAcquireSharedWaitForExclusive",
    "ExTryToAcquireFastMutex",
)

MODELS: Final[Mapping[str, Model]] = {
    **dict.fromkeys(_OLD_IRQL, answer(_PASSIVE_LEVEL)),
    **dict.fromkeys(_NOTHING, answer(0)),
    **dict.fromkeys(_TRUE, answer(1)),
    **dict.fromkeys(
        ("KeGetCurrentThread", "PsGetCurrentThread"), lambda call: current_thread(call.kernel)
    ),
    **dict.fromkeys(("IoGetCurrentProcess", "PsGetCurrentProcess"), _current_process),
    "KeAcquireSpinLock": _write_old_irql(1),
    "KeRaiseIrql": _write_old_irql(1),
    "IoAcquireCancelSpinLock": _write_old_irql(0),
    "KeQuerySystemTime": _query_time,
}
