"""Where an i386 driver allocates IRPs, and from which functions a run gets there."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from ntscan.machinecode.callers import callers_of, start_points_upwards
from ntscan.machinecode.i386.code_flow import Flow, FlowKind
from ntscan.machinecode.i386.functions import Code, Function, find_functions
from ntscan.machinecode.loader.loaded_image import LoadedImage
from ntscan.machinecode.start_points import ALLOCATING_ROUTINES, FREEING_ROUTINES, Survey

#: A thunk may lead to a thunk, as in images that are linked incrementally.
_MOST_THUNKS: Final = 4
_EAX: Final = 0
_MOV_EAX: Final = 0xA1
_STORE_EAX: Final = 0xA3
_MOV_FROM: Final = 0x89
_PUSH: Final = 0x50
_MOV: Final = 0x8B
_LEA: Final = 0x8D
_XORS: Final = (0x31, 0x33)
_LOST_IN_CALLS: Final = range(3)  # EAX, ECX and EDX


def survey(image: LoadedImage) -> Survey:
    """Find the functions that allocate an IRP, their callers and theirs, and what frees IRPs."""
    allocating, freeing = _slots(image, ALLOCATING_ROUTINES), _slots(image, FREEING_ROUTINES)
    if not allocating:
        return Survey()
    code = Code(image)
    references = set(_references(code, image, allocating | freeing))
    functions = find_functions(code, image, references)
    thunks = _thunks(functions, allocating)
    freeing_thunks = _thunks(functions, freeing)
    allocations = {
        function.start: sites
        for function in functions
        if function.start not in thunks and (sites := _calls_of(function, allocating, thunks))
    }
    calls = {function.start: set(function.calls.values()) for function in functions}
    frees = {
        site: function.instructions
        for function in functions
        if function.start not in freeing_thunks
        for site in _calls_of(function, freeing, freeing_thunks)
    }
    named = _named(image)
    loose = (
        *_loose(functions, sorted(references), allocating | freeing),
        *sorted(named & (thunks | freeing_thunks)),
    )
    return Survey(
        points=start_points_upwards(allocations, calls),
        frees={
            site - image.base: within for site, within in frees.items() if not _jumps(code, site)
        },
        loose=tuple(address - image.base for address in loose),
        named=named,
        callers=callers_of(calls),
    )


def _slots(image: LoadedImage, names: Collection[str]) -> frozenset[int]:
    return frozenset(slot for slot, routine in image.imports.items() if routine.name in names)


def _jumps(code: Code, site: int) -> bool:
    """Say whether a routine is jumped to: it returns to the caller, and no run tells from where."""
    flow = code.flow(site)
    return flow is not None and flow.kind in (FlowKind.JUMP, FlowKind.INDIRECT_JUMP)


def _named(image: LoadedImage) -> frozenset[int]:
    """Return the addresses that the image holds, exports, or is entered at."""
    words = image.relocated_words or _words_of_data(image)
    held = {image.word(address) for address in words}
    held |= {image.entry_point, *image.exports.values()}
    return frozenset(address for address in held if address is not None)


def _words_of_data(image: LoadedImage) -> Iterator[int]:
    for section in image.sections:
        if not section.executable:
            yield from range(section.address, section.address + len(section.contents) - 3, 4)


def _loose(
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


def _references(code: Code, image: LoadedImage, slots: frozenset[int]) -> Iterator[int]:
    """Yield where instructions seem to be that name a slot: opcode and ModRM byte stand before."""
    for address in _words_of_code(code, image, slots):
        before = code.bytes_at(address - 2, 2)
        yield address - 1 if before[1:] == bytes((_MOV_EAX,)) else address - 2


def _words_of_code(code: Code, image: LoadedImage, slots: frozenset[int]) -> Iterator[int]:
    """Yield the addresses in code that hold a slot's: relocated, or found by their bytes."""
    if image.relocated_words:
        for address in image.relocated_words:
            if code.holds(address) and image.word(address) in slots:
                yield address
        return
    for section in image.sections:
        for slot in slots if section.executable else ():
            offset = section.contents.find(slot.to_bytes(4, "little"))
            while offset >= 0:
                yield section.address + offset
                offset = section.contents.find(slot.to_bytes(4, "little"), offset + 1)


def _thunks(functions: tuple[Function, ...], slots: frozenset[int]) -> frozenset[int]:
    """Return the functions that only jump to the routine in a slot, or to another thunk."""
    thunks: frozenset[int] = frozenset()
    for _ in range(_MOST_THUNKS):
        thunks = frozenset(
            function.start
            for function in functions
            for flow in (function.instructions.get(function.start),)
            if flow is not None
            and (
                (flow.kind is FlowKind.INDIRECT_JUMP and flow.slot in slots)
                or (flow.kind is FlowKind.JUMP and flow.target in thunks)
            )
        )
    return thunks


def _calls_of(function: Function, slots: frozenset[int], thunks: frozenset[int]) -> frozenset[int]:
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
