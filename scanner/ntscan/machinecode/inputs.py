"""What a run is given: chosen values, and for all else that nobody gave a value of its own."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from ntscan.machinecode.address_map import BLOCKS, BLOCKS_END
from ntscan.machinecode.origin import Origin, UnknownValues
from ntscan.machinecode.places import Places
from ntscan.machinecode.processor import MemoryFault

#: Words that are remembered for later runs.
_MOST_KEPT: Final = 100_000


class Touch(Struct, frozen=True, gc=False):
    """A word that came into being with a value that a caller or the system decides."""

    origin: Origin
    value: int


class Inputs:
    """The values that one run finds; ``touches`` are those that it has asked for, in order."""

    def __init__(self, places: Places) -> None:
        self.touches: list[Touch] = []
        self._places = places
        self._assignment: Mapping[Origin, int] = {}
        #: What words are where nothing was chosen for them: the same in each run.
        self._known: dict[int, Touch] = {}

    def begin(self, assignment: Mapping[Origin, int]) -> None:
        """Begin another run, with other values chosen."""
        self._assignment = assignment
        self.touches = []
        if len(self._known) > _MOST_KEPT:
            self._known.clear()

    def forget(self) -> None:
        """Begin anew to give values; those so far mean nothing to later runs."""
        self._places.unknown = UnknownValues()
        self._known.clear()

    def value(self, origin: Origin, default: int | None = None) -> int:
        """Give the value of an unknown: the one chosen, else the default, else one of its own."""
        value = self._assignment.get(origin, default)
        if value is None:
            value = self._places.unknown.value(origin)
        if origin.given:
            self.touches.append(Touch(origin, value))
        return value

    def word(self, address: int) -> int:
        """Give the word at an address outside the image; MemoryFault where none lies."""
        if address in self._known:
            return self._known_word(self._known[address])
        origin = self._places.origin(address)
        if origin is None:
            raise MemoryFault(address, "nothing lies at")
        value = self.value(origin)
        # Where a block lies, another may lie in another run.
        if origin not in self._assignment and not BLOCKS <= address < BLOCKS_END:
            self._known[address] = Touch(origin, value)
        return value

    def _known_word(self, touch: Touch) -> int:
        value = self._assignment.get(touch.origin)
        if value is not None:
            touch = Touch(touch.origin, value)
        if touch.origin.given:
            self.touches.append(touch)
        return touch.value
