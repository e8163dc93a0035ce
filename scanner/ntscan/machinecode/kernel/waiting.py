"""Events, mutexes and semaphores, and waits for them (ntddk.h, DISPATCHER_HEADER)."""

from collections.abc import Mapping
from typing import Final

from ntscan.machinecode.kernel.call import Call, Model, answer
from ntscan.machinecode.kernel.pending import let_others_run
from ntscan.machinecode.kernel.state import Kernel, PathEndError

_SIGNAL_STATE: Final = 4
_SYNCHRONIZATION_EVENT: Final = 1
_MUTANT: Final = 2
_SEMAPHORE: Final = 5
_STATUS_USER_APC: Final = 0xC0
_STATUS_ALERTED: Final = 0x101
_STATUS_TIMEOUT: Final = 0x102
_WAIT_ANY: Final = 1
_MAXIMUM_WAIT_OBJECTS: Final = 64


def set_event(kernel: Kernel, event: int) -> int:
    """Signal an event; give its state before."""
    return _change(kernel, event, 1)


def _change(kernel: Kernel, thing: int, state: int) -> int:
    memory = kernel.memory
    # An object that this run has not made is taken as not signalled until the run signals it.
    address = thing + _SIGNAL_STATE
    before = 0 if memory.is_untouched(address) else memory.read(address, 4)
    memory.write(address, 4, state)
    return before


def _is_signalled(kernel: Kernel, thing: int) -> bool:
    """Say whether a wait ends; one for an object that this run has not touched does."""
    memory = kernel.memory
    if memory.is_untouched(thing + _SIGNAL_STATE):
        return True
    return 0 < memory.read(thing + _SIGNAL_STATE, 4) < 0x80000000  # noqa: PLR2004  a LONG


def _take(kernel: Kernel, thing: int) -> None:
    memory = kernel.memory
    if memory.is_untouched(thing + _SIGNAL_STATE):
        return
    match memory.read(thing, 1):
        case kind if kind == _SYNCHRONIZATION_EVENT:
            memory.write(thing + _SIGNAL_STATE, 4, 0)
        case kind if kind in (_MUTANT, _SEMAPHORE):
            memory.write(thing + _SIGNAL_STATE, 4, memory.read(thing + _SIGNAL_STATE, 4) - 1)


def _wait(call: Call, things: tuple[int, ...], needed: int, ends_early: tuple[int, ...]) -> int:
    """Wait until so many are signalled; give the index of the first.

    Where the rest of the system decides so, it is ended early instead, with one of those statuses.
    """
    kernel = call.kernel
    early = kernel.decided(call.name, 0, acted_on=True) if ends_early else 0
    if early:
        return early if early in ends_early else ends_early[0]
    while True:
        ready = [number for number, thing in enumerate(things) if _is_signalled(kernel, thing)]
        if len(ready) >= needed:
            for number in ready[:needed]:
                _take(kernel, things[number])
            return ready[0] if needed == 1 and ready else 0
        if not let_others_run(kernel):
            if _STATUS_TIMEOUT in ends_early:
                return _STATUS_TIMEOUT
            raise PathEndError("it waits for something that nothing signals")


def _wait_for_one(call: Call) -> int:
    return _wait(call, (call[0],), 1, _ends_early(call[2], call[3], call[4]))


def _wait_for_several(call: Call) -> int:
    count = call[0]
    if count > _MAXIMUM_WAIT_OBJECTS:
        raise PathEndError(f"it waits for {count} objects")
    things = tuple(call.memory.read(call[1] + 4 * number, 4) for number in range(count))
    early = _ends_early(call[4], call[5], call[6])
    return _wait(call, things, 1 if call[2] == _WAIT_ANY else count, early)


def _ends_early(mode: int, alertable: int, timeout: int) -> tuple[int, ...]:
    """Give the statuses with which a wait may end though nothing is signalled."""
    statuses: tuple[int, ...] = ()
    if timeout:
        statuses += (_STATUS_TIMEOUT,)
    if alertable & 0xFF:
        statuses += (_STATUS_ALERTED,)
    if (alertable | mode) & 0xFF:
        statuses += (_STATUS_USER_APC,)
    return statuses


def _initialize_event(call: Call) -> int:
    _initialize(call, call[1] & 1, call[2] & 0xFF)
    return 0


def _initialize_mutex(call: Call) -> int:
    _initialize(call, _MUTANT, 1)
    return 0


def _initialize_semaphore(call: Call) -> int:
    _initialize(call, _SEMAPHORE, call[1])
    return 0


def _initialize(call: Call, kind: int, state: int) -> None:
    thing = call[0]
    call.memory.write(thing, 4, kind)
    call.memory.write(thing + _SIGNAL_STATE, 4, state)
    call.memory.write(thing + 8, 4, thing + 8)
    call.memory.write(thing + 12, 4, thing + 8)


def _release(amount_at: int | None) -> Model:
    def model(call: Call) -> int:
        address = call[0] + _SIGNAL_STATE
        before = 0 if call.memory.is_untouched(address) else call.memory.read(address, 4)
        call.memory.write(address, 4, before + (1 if amount_at is None else call[amount_at]))
        return before

    return model


def _read_state(call: Call) -> int:
    return call.memory.read(call[0] + _SIGNAL_STATE, 4)


def _delay(call: Call) -> int:
    let_others_run(call.kernel)
    return 0


MODELS: Final[Mapping[str, Model]] = {
    "KeInitializeEvent": _initialize_event,
    "KeInitializeMutex": _initialize_mutex,
    "KeInitializeSemaphore": _initialize_semaphore,
    "KeSetEvent": lambda call: set_event(call.kernel, call[0]),
    "KeResetEvent": lambda call: _change(call.kernel, call[0], 0),
    "KeClearEvent": lambda call: _change(call.kernel, call[0], 0),
    "KeReadStateEvent": _read_state,
    "KeReleaseMutex": _release(None),
    "KeReleaseSemaphore": _release(2),
    "KeWaitForSingleObject": _wait_for_one,
    "KeWaitForMutexObject": _wait_for_one,
    "KeWaitForMultipleObjects": _wait_for_several,
    "KeDelayExecutionThread": _delay,
    "ZwYieldExecution": answer(0),
}
