"""Where an Alpha driver allocates IRPs, and from which functions a run gets there."""

from bisect import bisect_right
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from ntscan.machinecode.alpha.functions import Allowance, Function, follow
from ntscan.machinecode.callers import start_points_upwards
from ntscan.machinecode.loader.loaded_image import LoadedImage
from ntscan.machinecode.start_points import ALLOCATING_ROUTINES, StartPoint

#: At most so many instructions are looked at, each about twice; the fixed sfmsrv.sys has 60,000.
_MOST_INSTRUCTIONS: Final = 400_000
#: Bytes of a routine that is looked at though .pdata does not list it: such keep no frame.
_MOST_UNLISTED: Final = 0x1000


def start_points(image: LoadedImage) -> tuple[StartPoint, ...]:
    """Return the functions that allocate an IRP, then their callers, then the callers of those.

    The functions are those of .pdata, and what they call outside of it: a routine that keeps no
    frame need not be there. In an image of more than about 200,000 instructions some are missed.
    """
    if not any(routine.name in ALLOCATING_ROUTINES for routine in image.imports.values()):
        return ()
    functions = _functions(image)
    thunks = {begin for begin, function in functions.items() if _is_thunk(function)}
    allocations = {
        begin: sites
        for begin, function in functions.items()
        if begin not in thunks and (sites := _allocations(function, thunks))
    }
    calls = {begin: frozenset(function.calls.values()) for begin, function in functions.items()}
    return start_points_upwards(allocations, calls)


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


def _is_thunk(function: Function) -> bool:
    """Say whether a function is but the jump that linkers write to call an imported routine."""
    return function.only_jumps and _own_allocations(function) != set()


def _allocations(function: Function, thunks: AbstractSet[int]) -> frozenset[int]:
    """Return the addresses of a function's calls of an allocating routine."""
    through_thunks = {site for site, target in function.calls.items() if target in thunks}
    return frozenset(_own_allocations(function) | through_thunks)


def _own_allocations(function: Function) -> set[int]:
    return {
        site for site, routine in function.imports.items() if routine.name in ALLOCATING_ROUTINES
    }
