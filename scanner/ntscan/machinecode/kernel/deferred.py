"""Routines that the kernel calls later: work items, DPCs, timers and threads (ntddk.h)."""

from collections.abc import Mapping
from typing import Final

from ntscan.drivermodel.layouts import Platform
from ntscan.machinecode.kernel.call import Call, Model
from ntscan.machinecode.kernel.state import Deferred

_WORKER_ROUTINE: Final = 0x08
_DPC_ROUTINE: Final = 0x0C
_DPC_TYPE: Final = 0x13
_TIMER_TYPE: Final = 0x08


def _queue_work_item(call: Call) -> int:
    routine = call.memory.read(call[0] + _WORKER_ROUTINE, 4)
    parameter = call.memory.read(call[0] + _WORKER_ROUTINE + 4, 4)
    return _queue(call, Deferred(routine=routine, arguments=(parameter,), what="a work item"))


def _initialize_dpc(call: Call) -> int:
    call.memory.write(call[0], 4, _DPC_TYPE)
    call.memory.write(call[0] + _DPC_ROUTINE, 4, call[1])
    call.memory.write(call[0] + _DPC_ROUTINE + 4, 4, call[2])
    return 0


def _insert_queue_dpc(call: Call) -> int:
    _queue(call, _dpc(call, call[0], (call[1], call[2]), "a DPC"))
    return 1


def _initialize_timer(call: Call) -> int:
    call.memory.write(call[0], 4, _TIMER_TYPE)
    call.memory.write(call[0] + 4, 4, 0)
    return 0


def _set_timer(call: Call) -> int:
    # DueTime, a LARGE_INTEGER, is two words on i386's stack and one register on Alpha.
    due_time = 2 if call.kernel.layouts.platform is Platform.X86 else 1
    dpc = call[1 + due_time + (call.name == "KeSetTimerEx")]
    was_set = _cancel_timer(call)
    if dpc:
        _queue(call, _dpc(call, dpc, (0, 0), "a timer's DPC", of=call[0]))
    return was_set


def _cancel_timer(call: Call) -> int:
    queue = call.kernel.deferred
    queued = [item for item in queue if item.of == call[0]]
    for item in queued:
        queue.remove(item)
    return int(bool(queued))


def _create_thread(call: Call) -> int:
    call.memory.write(call[0], 4, call.kernel.unknown_answer("PsCreateSystemThread"))
    return _queue(call, Deferred(routine=call[5], arguments=(call[6],), what="a thread"))


def _dpc(
    call: Call, dpc: int, arguments: tuple[int, int], what: str, of: int | None = None
) -> Deferred:
    routine = call.memory.read(dpc + _DPC_ROUTINE, 4)
    context = call.memory.read(dpc + _DPC_ROUTINE + 4, 4)
    return Deferred(routine=routine, arguments=(dpc, context, *arguments), what=what, of=of)


def _queue(call: Call, item: Deferred) -> int:
    call.kernel.deferred.append(item)
    return 0


MODELS: Final[Mapping[str, Model]] = {
    "ExQueueWorkItem": _queue_work_item,
    "KeInitializeDpc": _initialize_dpc,
    "KeInsertQueueDpc": _insert_queue_dpc,
    "KeInitializeTimer": _initialize_timer,
    "KeInitializeTimerEx": _initialize_timer,
    "KeSetTimer": _set_timer,
    "KeSetTimerEx": _set_timer,
    "KeCancelTimer": _cancel_timer,
    "PsCreateSystemThread": _create_thread,
}
