"""Where the values came from that a run found and nobody had given: arguments, globals, answers."""

from msgspec import Struct

from ntscan.machinecode.address_map import (
    INTO_WINDOW,
    UNKNOWN_OBJECTS,
    UNKNOWN_OBJECTS_END,
    WINDOW,
)
from ntscan.machinecode.processor import MemoryFault


class Origin(Struct, frozen=True, cache_hash=True, gc=False):
    """An unknown value: a root, then the offset of each pointer that was followed to it.

    ``Origin("arg0", (8, 0x28))`` is the word at 0x28 in what the word at 8 in what the first
    argument points to points to. ``given`` says that a caller or the system decides it; what a
    fresh stack or pool block happens to hold is not. Its hash is kept, because a list of many
    entries makes long paths, which are looked up often.
    """

    root: str
    offsets: tuple[int, ...] = ()
    given: bool = True

    def at(self, offset: int) -> "Origin":
        """Name the word at an offset in what this value points to."""
        return Origin(self.root, (*self.offsets, offset), self.given)

    def __str__(self) -> str:
        """Write it as the pointers followed, then the offset: ``arg0[8][0x28]+0x1c``."""
        *pointers, last = (_hexadecimal(offset) for offset in self.offsets or (0,))
        if not self.offsets:
            return self.root
        return f"{self.root}{''.join(f'[{pointer}]' for pointer in pointers)}+{last}"


def _hexadecimal(offset: int) -> str:
    return str(offset) if 0 <= offset < 10 else f"{offset:#x}"  # noqa: PLR2004  one digit


def answer_of(name: str, number: int) -> Origin:
    """Name what an unmodelled routine answers when it is called for the n-th time, from 1."""
    return Origin(f"{name}()" if number == 1 else f"{name}()#{number}")


def is_answer(origin: Origin) -> bool:
    """Say whether a value is what an unmodelled routine answered."""
    return not origin.offsets and "()" in origin.root


class UnknownValues:
    """The value that stands for each unknown: an address of its own, the same in every run."""

    def __init__(self) -> None:
        self._values: dict[Origin, int] = {}
        self._origins: list[Origin] = []
        self._words: dict[tuple[int, int], Origin] = {}

    def value(self, origin: Origin) -> int:
        """Return an unknown's value; raises MemoryFault where there are too many of them."""
        value = self._values.get(origin)
        if value is None:
            value = UNKNOWN_OBJECTS + len(self._origins) * WINDOW + INTO_WINDOW
            if value >= UNKNOWN_OBJECTS_END:
                raise MemoryFault(value, "more unknown objects than are kept, the last at")
            self._values[origin] = value
            self._origins.append(origin)
        return value

    def behind(self, address: int) -> tuple[Origin, int] | None:
        """Tell of which unknown's object an address is part, and at what offset."""
        number, within = divmod(address - UNKNOWN_OBJECTS, WINDOW)
        if not 0 <= number < len(self._origins):
            return None
        return self._origins[number], within - INTO_WINDOW

    def word_at(self, address: int) -> Origin | None:
        """Name the word at an address in an unknown's object; the same name each time."""
        number, within = divmod(address - UNKNOWN_OBJECTS, WINDOW)
        word = self._words.get((number, within))
        if word is None:
            found = self.behind(address)
            if found is None:
                return None
            word = self._words[number, within] = found[0].at(found[1])
        return word
