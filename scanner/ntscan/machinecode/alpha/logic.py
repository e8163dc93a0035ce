"""Logic, shifts and byte manipulation: the operate instructions with the opcodes 11 and 12.

Each takes two quadwords and gives one; names, codes and meanings: Alpha Architecture Handbook
(Compaq, version 4), sections 4.5 and 4.6. Conditional moves also keep their old result and are not
here.
"""

from typing import Final

from ntscan.machinecode.alpha.arithmetic import Operation, Operations
from ntscan.machinecode.alpha.words import QUADWORD, signed

# What AMASK and IMPLVER say of an EV56 (21164A): byte and word instructions; family EV5.
_BYTE_WORD_EXTENSION: Final = 1
_EV5: Final = 1
#: The bytes of a quadword that the eight bits of a mask select, by mask.
_SELECTED: Final = tuple(
    sum(0xFF << 8 * byte for byte in range(8) if mask >> byte & 1) for mask in range(256)
)


def _offset(b: int) -> int:
    """Return the bits below the byte that an address selects."""
    return 8 * (b & 7)


def _extract_low(width: int) -> Operation:
    return lambda a, b: a >> _offset(b) & width


def _extract_high(width: int) -> Operation:
    return lambda a, b: a << (64 - _offset(b)) % 64 & width


def _insert_low(width: int) -> Operation:
    return lambda a, b: (a & width) << _offset(b) & QUADWORD


def _insert_high(width: int) -> Operation:
    # Of the 128 bits that the shifted field spans, the upper 64.
    return lambda a, b: (a & width) << _offset(b) >> 64


def _mask_low(width: int) -> Operation:
    return lambda a, b: a & ~(width << _offset(b))


def _mask_high(width: int) -> Operation:
    return lambda a, b: a & ~(width << _offset(b) >> 64)


LOGIC: Final[Operations] = {
    (0x11, 0x00): ("and", lambda a, b: a & b),
    (0x11, 0x08): ("bic", lambda a, b: a & ~b),
    (0x11, 0x20): ("bis", lambda a, b: a | b),
    (0x11, 0x28): ("ornot", lambda a, b: a | b ^ QUADWORD),
    (0x11, 0x40): ("xor", lambda a, b: a ^ b),
    (0x11, 0x48): ("eqv", lambda a, b: a ^ b ^ QUADWORD),
    (0x11, 0x61): ("amask", lambda _, b: b & ~_BYTE_WORD_EXTENSION),
    (0x11, 0x6C): ("implver", lambda _, __: _EV5),
    (0x12, 0x30): ("zap", lambda a, b: a & ~_SELECTED[b & 0xFF]),
    (0x12, 0x31): ("zapnot", lambda a, b: a & _SELECTED[b & 0xFF]),
    (0x12, 0x34): ("srl", lambda a, b: a >> (b & 63)),
    (0x12, 0x39): ("sll", lambda a, b: a << (b & 63) & QUADWORD),
    (0x12, 0x3C): ("sra", lambda a, b: signed(a) >> (b & 63) & QUADWORD),
} | {
    (0x12, row | column): (f"{name}{letter}{end}", make(width))
    for row, letter, width in (
        (0x00, "b", 0xFF),
        (0x10, "w", 0xFFFF),
        (0x20, "l", 0xFFFF_FFFF),
        (0x30, "q", QUADWORD),
    )
    for column, name, end, make in (
        (0x02, "msk", "l", _mask_low),
        (0x06, "ext", "l", _extract_low),
        (0x0B, "ins", "l", _insert_low),
        (0x42, "msk", "h", _mask_high),
        (0x47, "ins", "h", _insert_high),
        (0x4A, "ext", "h", _extract_high),
    )
    # A byte never reaches into the next quadword.
    if (letter, end) != ("b", "h")
}
