"""How the routines that NT exports take their arguments on i386."""

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final

from msgspec import Struct

_PARAGRAPH: Final = re.compile(r"^(\w+) (\d+):\n((?:  .*\n)+)", re.MULTILINE)
_IN_REGISTERS: Final = 2


class Convention(StrEnum):
    """Who takes the arguments off the stack, and which of them are on it."""

    STDCALL = "stdcall"
    FASTCALL = "fastcall"
    CDECL = "cdecl"


class Signature(Struct, frozen=True, kw_only=True):
    """A routine's convention, and its number of 32-bit arguments (of cdecl, none is told)."""

    convention: Convention
    arguments: int

    @property
    def words_taken(self) -> int:
        """The 32-bit words that the routine takes off the stack when it returns."""
        match self.convention:
            case Convention.STDCALL:
                return self.arguments
            case Convention.FASTCALL:
                return max(0, self.arguments - _IN_REGISTERS)
            case Convention.CDECL:
                return 0


@cache
def signatures() -> Mapping[str, Signature]:
    """Return the signature of each exported routine by its name, from ``routines.txt``."""
    text = files(__package__).joinpath("routines.txt").read_text("ascii")
    known: dict[str, Signature] = {}
    for convention, arguments, names in _PARAGRAPH.findall(text):
        signature = Signature(convention=Convention(convention), arguments=int(arguments))
        known.update(dict.fromkeys(names.split(), signature))
    return known
