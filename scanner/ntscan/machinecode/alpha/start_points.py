"""Where an Alpha driver allocates IRPs, and from which functions a run gets there."""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from ntscan.machinecode.alpha.functions import Allowance, Function, follow
from ntscan.machinecode.callers import callers_of, start_points_upwards
from ntscan.machinecode.loader.loaded_image import LoadedImage
from ntscan.machinecode.start_points import ALLOCATING_ROUTINES, FREEING_ROUTINES, Survey

#: At most so many instructions are looked at, each about twice; the fixed sfmsrv.sys has 60,000.
_MOST_INSTRUCTIONS: Final = 400_000
#: Bytes of a routine that is looked at though .pdata does not list it: such keep no frame.
_MOST_UNLISTED: Final = 0x1000
_PDATA: Final = ".pdata"
_BSR: Final = 0x34
_JUMP: Final = 0x1A
_JSR: Final = 1


def survey(image: LoadedImage) -> Survey:
    """Find the functions that allocate an IRP, their callers and theirs, and what frees IRPs.

    The functions are those of .pdata, and what they call outside of it: a routine that keeps no
    frame need not be there. In an image of more than about 200,000 instructions some are missed.
    """
    if not any(routine.name in ALLOCATING_ROUTINES for routine in image.imports.values()):
        return Survey()
    functions = _functions(image)
    thunks, allocations = _found(functions, ALLOCATING_ROUTINES)
    freeing_thunks, frees = _found(functions, FREEING_ROUTINES)
    calls = {begin: frozenset(function.calls.values()) for begin, function in functions.items()}
    named = _named(image, functions)
    loose = (*_loose(functions), *sorted(named & (thunks | freeing_thunks)))
    return Survey(
        points=start_points_upwards(allocations, calls),
        frees={
            site - image.base: within
            for begin, sites in frees.items()
            for within in (range(begin, functions[begin].end),)
            for site in sites
            if not _jumps(image, site)
        },
        loose=tuple(address - image.base for address in loose),
        named=named,
        callers=callers_of(calls),
    )


def _found(
    functions: Mapping[int, Function], names: Collection[str]
) -> tuple[frozenset[int], dict[int, frozenset[int]]]:
    """Return the thunks of imported routines, and the calls of those by calling function."""
    thunks = frozenset(
        begin
        for begin, function in functions.items()
        if function.only_jumps and _own_calls(function, names)
    )
    return thunks, {
        begin: sites
        for begin, function in functions.items()
        if begin not in thunks and (sites := _calls_of(function, names, thunks))
    }


def _named(image: LoadedImage, functions: Mapping[int, Function]) -> frozenset[int]:
    """Return the addresses that the image holds, hands on, exports, or is entered at."""
    words = [address for address in image.relocated_words if not _is_listing(image, address)]
    held = {image.word(address) for address in words}
    handed_on = {address for function in functions.values() for address in function.named}
    held |= handed_on | {image.entry_point, *image.exports.values()}
    return frozenset(address for address in held if address is not None)


def _is_listing(image: LoadedImage, address: int) -> bool:
    """Say whether a word is one of .pdata: those tell of every function, and are called by none."""
    section = image.section_at(address)
    return section is not None and section.name == _PDATA


def _loose(functions: Mapping[int, Function]) -> Iterator[int]:
    """Yield where the address of a routine that makes or frees IRPs is handed on."""
    for function in functions.values():
        for address, routine in function.handed_on.items():
            if routine.name in (*ALLOCATING_ROUTINES, *FREEING_ROUTINES):
                yield address


def _jumps(image: LoadedImage, site: int) -> bool:
    """Say whether a routine is jumped to: it returns to the caller, and no run tells from where."""
    word = image.word(site) or 0
    calls = word >> 26 == _BSR or (word >> 26 == _JUMP and word >> 14 & 3 == _JSR)
    return not calls


def _functions(image: LoadedImage) -> Mapping[int, Function]:
    """Follow every function of the image, by its address; calls lead to their beginnings."""
    extents = _Extents(image)
    allowance = Allowance(_MOST_INSTRUCTIONS)
    found: dict[int, Function] = {}
    waiting = [*extents.begins]
    if image.entry_point is not None:
        waiting.append(image.entry_point)
    while waiting and allowance.left > 0:
        begin, end = extents.around(waiting.pop())
        code = image.read(begin, end - begin)
        if begin in found or not code:
            continue
        listed = begin in extents.listed
        function = follow(begin, code, image.imports, allowance, to_the_end=listed)
        found[begin] = function
        for site, target in function.calls.items():
            function.calls[site] = extents.around(target)[0]
        waiting += function.calls.values()
    return found


class _Extents:
    """Where functions begin and end: those of .pdata, and code between them that is called."""

    def __init__(self, image: LoadedImage) -> None:
        self._image = image
        self.listed = {function.begin: function.end for function in image.functions}
        self.begins = sorted(self.listed)

    def around(self, address: int) -> tuple[int, int]:
        """Return begin and end of the function that holds an address, or begins there.

        What .pdata does not list ends where the next function begins, or the section ends, or
        after 4 KB; what is no code has no length.
        """
        after = bisect_right(self.begins, address)
        limit = self.begins[after] if after < len(self.begins) else None
        if after and address < (end := self.listed[self.begins[after - 1]]):
            return self.begins[after - 1], end if limit is None else min(end, limit)
        section = self._image.section_at(address)
        if section is None or not section.executable:
            return address, address
        end = min(section.end, address + _MOST_UNLISTED)
        return address, end if limit is None else min(end, limit)


def _calls_of(
    function: Function, names: Collection[str], thunks: AbstractSet[int]
) -> frozenset[int]:
    """Return the addresses of a function's calls of imported routines."""
    through_thunks = {site for site, target in function.calls.items() if target in thunks}
    return frozenset(_own_calls(function, names) | through_thunks)


def _own_calls(function: Function, names: Collection[str]) -> set[int]:
    return {site for site, routine in function.imports.items() if routine.name in names}
