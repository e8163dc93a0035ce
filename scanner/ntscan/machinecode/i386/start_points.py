"""Where an i386 driver allocates IRPs, and from which functions a run gets there."""

from collections.abc import Collection, Iterator
from typing import Final

from ntscan.machinecode.callers import callers_of, start_points_upwards
from ntscan.machinecode.i386.code_flow import FlowKind
from ntscan.machinecode.i386.functions import Code, Function, find_functions
from ntscan.machinecode.i386.routine_uses import calls_of, loose_uses
from ntscan.machinecode.loader.loaded_image import LoadedImage
from ntscan.machinecode.start_points import ALLOCATING_ROUTINES, FREEING_ROUTINES, Survey

#: A thunk may lead to a thunk, as in images that are linked incrementally.
_MOST_THUNKS: Final = 4
_MOV_EAX: Final = 0xA1


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
        if function.start not in thunks and (sites := calls_of(function, allocating, thunks))
    }
    calls = {function.start: set(function.calls.values()) for function in functions}
    frees = {
        site: function.instructions
        for function in functions
        if function.start not in freeing_thunks
        for site in calls_of(function, freeing, freeing_thunks)
    }
    named = _named(image)
    loose = (
        *loose_uses(functions, sorted(references), allocating | freeing),
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
