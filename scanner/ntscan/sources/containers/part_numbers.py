"""How the parts of a split image are numbered in the ends of their names."""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final

_LETTERS: Final = 26


class PartNumbers(ABC):
    """A way of numbering: ``first`` is the number of the first part."""

    first: int

    @abstractmethod
    def number(self, end: str) -> int | None:
        """Return the number that the end of a name spells, or None where it spells none."""

    @abstractmethod
    def spell(self, number: int) -> str:
        """Return the end of the name of a part."""


@dataclass(frozen=True, slots=True)
class Digits(PartNumbers):
    """``001``, ``002`` and after ``999`` ``1000``; some tools begin with ``000``."""

    first: int = 1

    def number(self, end: str) -> int | None:
        """Return the number that the end of a name spells, or None where it spells none."""
        if not re.fullmatch(r"[0-9]{3}|[1-9][0-9]{3}", end):
            return None
        return int(end)

    def spell(self, number: int) -> str:
        """Return the end of the name of a part."""
        return f"{number:03}"


@dataclass(frozen=True, slots=True)
class Letters(PartNumbers):
    """``aa``, ``ab`` to ``zz``, as the program split writes them."""

    first: int = 0

    def number(self, end: str) -> int | None:
        """Return the number that the end of a name spells, or None where it spells none."""
        if not re.fullmatch(r"[a-z]{2}", end):
            return None
        return _of_letter(end[0]) * _LETTERS + _of_letter(end[1])

    def spell(self, number: int) -> str:
        """Return the end of the name of a part."""
        return "".join(map(_letter, divmod(number, _LETTERS)))


@dataclass(frozen=True, slots=True)
class Segments(PartNumbers):
    """``E01`` to ``E99``, then ``EAA`` to ``EZZ``, ``FAA`` to ``ZZZ``, as EnCase has it.

    The series of SMART begins with S01; ``is_lower`` is for names in lower case.
    """

    initial: str
    is_lower: bool
    first: int = 1

    def number(self, end: str) -> int | None:
        """Return the number that the end of a name spells, or None where it spells none."""
        end = end.swapcase() if self.is_lower else end
        if re.fullmatch(rf"{self.initial}[0-9]{{2}}", end):
            return int(end[1:])
        if not re.fullmatch(rf"[{self.initial}-Z][A-Z]{{2}}", end):
            return None
        high, middle, low = (_of_letter(letter) for letter in end.lower())
        high -= _of_letter(self.initial.lower())
        return 100 + (high * _LETTERS + middle) * _LETTERS + low

    def spell(self, number: int) -> str:
        """Return the end of the name of a part."""
        if number < 100:  # noqa: PLR2004  digits as far as two reach
            end = f"{self.initial}{number:02}"
        else:
            high, rest = divmod(number - 100, _LETTERS * _LETTERS)
            high += _of_letter(self.initial.lower())
            end = "".join(map(_letter, (high, *divmod(rest, _LETTERS)))).upper()
        return end.lower() if self.is_lower else end


def _of_letter(letter: str) -> int:
    return ord(letter) - ord("a")


def _letter(number: int) -> str:
    return chr(ord("a") + number)
