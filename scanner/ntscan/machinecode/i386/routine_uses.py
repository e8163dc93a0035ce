"""What becomes of a routine's address on i386: where it is called, and where it goes instead."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from ntscan.machinecode.i386.code_flow import Flow, FlowKind
from ntscan.machinecode.i386.functions import Function

_EAX: Final = 0
_MOV_EAX: Final = 0xA1
_STORE_EAX: Final = 0xA3
_MOV_FROM: Final = 0x89
_PUSH: Final = 0x50
_MOV: Final = 0x8B
_LEA: Final = 0x8D
_XORS: Final = (0x31, 0x33)
_LOST_IN_CALLS: Final = range(3)  # EAX, ECX and EDX


def calls_of(function: Function, slots: frozenset[int], thunks: frozenset[int]) -> frozenset[int]:
    """Return the addresses of a function's calls of the routines in some slots."""
    sites = {address for address, target in function.calls.items() if target in thunks}
    named = {at: flow for at, flow in function.instructions.items() if flow.slot in slots}
    sites.update(at for at, flow in named.items() if flow.kind is not FlowKind.NEXT)
    return frozenset(sites | _follow(function.instructions, _loads(named)).calls)


def _loads(instructions: Mapping[int, Flow]) -> list[tuple[int, int]]:
    """Return behind which of these instructions a register holds what they name, and which."""
    return [
        (at + flow.length, _EAX if flow.opcode == _MOV_EAX else flow.modrm >> 3 & 7)
        for at, flow in instructions.items()
        if flow.opcode in (_MOV, _MOV_EAX)
    ]


class _Followed(NamedTuple):
    """Where an address that was loaded into a register is called, and where it is stored."""

    calls: set[int]
    stores: set[int]


def _follow(instructions: Mapping[int, Flow], loaded: list[tuple[int, int]]) -> _Followed:
    """Follow registers along the paths on which they hold what they were loaded with.

    ``loaded`` are the addresses from which on a register holds a routine's address.
    """
    found = _Followed(set(), set())
    seen: set[tuple[int, int]] = set()
    waiting = loaded
    while waiting:
        address, register = place = waiting.pop()
        flow = instructions.get(address)
        if flow is None or place in seen:
            continue
        seen.add(place)
        through_register = flow.modrm >= 0xC0 and flow.modrm & 7 == register  # noqa: PLR2004  mode 3
        if flow.kind in (FlowKind.INDIRECT_CALL, FlowKind.INDIRECT_JUMP) and through_register:
            found.calls.add(address)
        if _stores(flow, register):
            found.stores.add(address)
        if _keeps(flow, register):
            if flow.kind is not FlowKind.JUMP:
                waiting.append((address + flow.length, register))
            if flow.kind in (FlowKind.BRANCH, FlowKind.JUMP) and flow.target is not None:
                waiting.append((flow.target, register))
    return found


def _stores(flow: Flow, register: int) -> bool:
    """Say whether an instruction copies a register: MOV from it, or PUSH."""
    if flow.opcode == _MOV_FROM:
        return flow.modrm >> 3 & 7 == register
    return flow.opcode in (_PUSH + register, _STORE_EAX if register == _EAX else -1)


def _keeps(flow: Flow, register: int) -> bool:
    """Say whether an instruction leaves a register as it is; of those that compilers write."""
    match flow.kind:
        case FlowKind.CALL | FlowKind.INDIRECT_CALL:
            return register not in _LOST_IN_CALLS
        case FlowKind.INDIRECT_JUMP | FlowKind.END:
            return False
    opcode = flow.opcode
    if opcode == _MOV_FROM:
        return flow.modrm < 0xC0 or flow.modrm & 7 != register  # noqa: PLR2004  mode 3
    if opcode in (_MOV, _LEA, *_XORS):
        return flow.modrm >> 3 & 7 != register or (opcode == _XORS[0] and flow.modrm < 0xC0)  # noqa: PLR2004  mode 3
    # POP of a register, and MOV of an immediate to one.
    return opcode not in (0x58 + register, 0xB8 + register, _MOV_EAX if register == _EAX else -1)


def loose_uses(
    functions: tuple[Function, ...], references: Iterable[int], slots: frozenset[int]
) -> Iterator[int]:
    """Yield where a routine's address goes elsewhere than into a call."""
    known: set[int] = set()
    for function in functions:
        named = {at: flow for at, flow in function.instructions.items() if flow.slot in slots}
        known.update(named)
        loads = _loads(named)
        yield from (
            at
            for at, flow in named.items()
            if flow.kind is FlowKind.NEXT and flow.opcode not in (_MOV, _MOV_EAX)
        )
        through = _follow(function.instructions, loads)
        yield from through.stores
        if loads and not through.calls:
            yield min(named)
    yield from (address for address in references if address not in known)
