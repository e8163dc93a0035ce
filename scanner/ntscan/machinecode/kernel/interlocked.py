"""Interlocked arithmetic and lists (ntddk.h); with one thread they need no lock."""

from collections.abc import Callable, Mapping
from typing import Final

from ntscan.machinecode.kernel.call import Call, Model

_WORD: Final = 0xFFFFFFFF


def _changed(change: Callable[[int, Call], int], *, give_old: bool) -> Model:
    def model(call: Call) -> int:
        old = call.memory.read(call[0], 4)
        new = change(old, call) & _WORD
        call.memory.write(call[0], 4, new)
        return old if give_old else new

    return model


def _compare_exchange(call: Call) -> int:
    old = call.memory.read(call[0], 4)
    if old == call[2]:
        call.memory.write(call[0], 4, call[1])
    return old


def _insert_tail(call: Call) -> int:
    head, entry = call[0], call[1]
    last = call.memory.read(head + 4, 4)
    return _link(call, last, entry, head) if last != head else _link(call, head, entry, head)


def _insert_head(call: Call) -> int:
    head, entry = call[0], call[1]
    return _link(call, head, entry, call.memory.read(head, 4))


def _link(call: Call, before: int, entry: int, after: int) -> int:
    memory = call.memory
    memory.write(entry, 4, after)
    memory.write(entry + 4, 4, before)
    memory.write(before, 4, entry)
    memory.write(after + 4, 4, entry)
    return 0


def _remove_head(call: Call) -> int:
    head = call[0]
    entry = call.memory.read(head, 4)
    if entry == head:
        return 0
    after = call.memory.read(entry, 4)
    call.memory.write(head, 4, after)
    call.memory.write(after + 4, 4, head)
    return entry


def _push(call: Call) -> int:
    first = call.memory.read(call[0], 4)
    call.memory.write(call[1], 4, first)
    call.memory.write(call[0], 4, call[1])
    return first


def _pop(call: Call) -> int:
    first = call.memory.read(call[0], 4)
    if first:
        call.memory.write(call[0], 4, call.memory.read(first, 4))
    return first


_ADD: Final = _changed(lambda old, call: old + call[1], give_old=True)
_EXCHANGE: Final = _changed(lambda _old, call: call[1], give_old=True)

MODELS: Final[Mapping[str, Model]] = {
    "InterlockedIncrement": _changed(lambda old, _call: old + 1, give_old=False),
    "InterlockedDecrement": _changed(lambda old, _call: old - 1, give_old=False),
    "InterlockedExchange": _EXCHANGE,
    "InterlockedExchangeAdd": _ADD,
    "InterlockedCompareExchange": _compare_exchange,
    "ExInterlockedAddUlong": _ADD,
    "ExfInterlockedAddUlong": _ADD,
    "ExInterlockedExchangeUlong": _EXCHANGE,
    "Exfi386InterlockedExchangeUlong": _EXCHANGE,
    "ExInterlockedInsertTailList": _insert_tail,
    "ExfInterlockedInsertTailList": _insert_tail,
    "ExInterlockedInsertHeadList": _insert_head,
    "ExfInterlockedInsertHeadList": _insert_head,
    "ExInterlockedRemoveHeadList": _remove_head,
    "ExfInterlockedRemoveHeadList": _remove_head,
    "ExInterlockedPushEntryList": _push,
    "ExfInterlockedPushEntryList": _push,
    "ExInterlockedPushEntrySList": _push,
    "InterlockedPushEntrySList": _push,
    "ExInterlockedPopEntryList": _pop,
    "ExfInterlockedPopEntryList": _pop,
    "ExInterlockedPopEntrySList": _pop,
    "InterlockedPopEntrySList": _pop,
}
