"""The current thread and process, IRQLs, spin locks and time (ntddk.h); a run has one thread."""

from collections.abc import Mapping
from typing import Final

from ntscan.machinecode.kernel.call import Call, Model, answer
from ntscan.machinecode.kernel.state import Kernel
from ntscan.machinecode.origin import Origin
from ntscan.machinecode.traced import FreedBy

_PASSIVE_LEVEL: Final = 0


def current_thread(kernel: Kernel) -> int:
    """Give the KTHREAD that runs: the caller's, or an unknown one that calls the driver back."""
    name = "current thread"
    if kernel.part is FreedBy.DEFERRED or (
        kernel.part is FreedBy.COMPLETION and kernel.choices.mode.is_pending
    ):
        name = "another thread"
    return kernel.memory.places.unknown.value(Origin(name))


def _current_process(call: Call) -> int:
    return call.memory.places.unknown.value(Origin("current process"))


def _irql(call: Call) -> int:
    return call.kernel.decided("IRQL", _PASSIVE_LEVEL, unusual=True)


def _write_old_irql(index: int) -> Model:
    def model(call: Call) -> int:
        call.memory.write(call[index], 1, _irql(call))
        return 0

    return model


def _query_time(call: Call) -> int:
    # 1 December 1999, in FILETIME ticks.
    call.memory.write(call[0], 4, call.kernel.decided("system time", 0xB8A68000, unusual=True))
    call.memory.write(
        call[0] + 4, 4, call.kernel.decided("system time's high part", 0x01BF3B8F, unusual=True)
    )
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
    **dict.fromkeys(_OLD_IRQL, _irql),
    **dict.fromkeys(_NOTHING, answer(0)),
    **dict.fromkeys(_TRUE, lambda call: call.kernel.decided(call.name, 1)),
    **dict.fromkeys(
        ("KeGetCurrentThread", "PsGetCurrentThread"), lambda call: current_thread(call.kernel)
    ),
    **dict.fromkeys(("IoGetCurrentProcess", "PsGetCurrentProcess"), _current_process),
    "KeAcquireSpinLock": _write_old_irql(1),
    "KeRaiseIrql": _write_old_irql(1),
    "IoAcquireCancelSpinLock": _write_old_irql(0),
    "KeQuerySystemTime": _query_time,
}
