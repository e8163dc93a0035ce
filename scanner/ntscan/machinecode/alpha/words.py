"""Quadwords as unsigned Python integers, and what lies in them."""

from typing import Final

#: Masks of 32 and of 64 bits.
LONGWORD: Final = 0xFFFF_FFFF
QUADWORD: Final = 0xFFFF_FFFF_FFFF_FFFF
#: The sign bits of each.
LONGWORD_SIGN: Final = 0x8000_0000
QUADWORD_SIGN: Final = 0x8000_0000_0000_0000
#: The bits that a negative longword gets above its own.
_UPPER_ONES: Final = QUADWORD ^ LONGWORD


def sign_extended(value: int) -> int:
    """Return the quadword of the low longword's sign and value: how NT keeps addresses, too."""
    value &= LONGWORD
    return value | _UPPER_ONES if value & LONGWORD_SIGN else value


def is_sign_extended(value: int) -> bool:
    """Say whether a quadword is a longword, sign-extended."""
    return value < LONGWORD_SIGN or value >= QUADWORD ^ (LONGWORD_SIGN - 1)


def signed(value: int) -> int:
    """Return a quadword as a signed number."""
    return (value ^ QUADWORD_SIGN) - QUADWORD_SIGN


def signed_field(value: int, bits: int) -> int:
    """Return the low bits as a signed number."""
    sign = 1 << (bits - 1)
    return (value & (2 * sign - 1) ^ sign) - sign
