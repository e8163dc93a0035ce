"""The one place where text from scanned bytes is made fit to be shown."""

from typing import Final

#: Characters of one value that are shown; NT's own paths and names are shorter.
LONGEST_SHOWN: Final = 1024

_LATIN_1: Final = range(0x100)
_BASIC_PLANE: Final = range(0x10000)
_ESCAPED_BYTES: Final = range(0xDC80, 0xDD00)  # PEP 383: bytes of a name that is no UTF-8


def harmless(text: str) -> str:
    r"""Replace every character that could act on a terminal, a log or a page by its number.

    Control characters, line breaks, bidirectional overrides, invisible and unassigned characters
    become ``\x1b`` or ``\u202e``; a byte of a name that is no UTF-8 becomes ``\xe9``.

    >>> harmless("sfm\x1b[31msrv.sys")
    'sfm\\x1b[31msrv.sys'
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(ord(char)) for char in text)


def shown(text: str) -> str:
    """Make a value from scanned bytes harmless, and cut it where no person would read on."""
    return harmless(text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}...")


def _escape(code: int) -> str:
    if code in _ESCAPED_BYTES:
        return f"\\x{code - 0xDC00:02x}"
    if code in _LATIN_1:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code in _BASIC_PLANE else f"\\U{code:08x}"
