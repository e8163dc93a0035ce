"""Integer arithmetic and comparison: the operate instructions with the opcodes 10, 13 and 1C.

Each takes two quadwords and gives one; names, codes and meanings: Alpha Architecture Handbook
(Compaq, version 4), chapter 4.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from ntscan.machinecode.alpha.words import (
    LONGWORD,
    QUADWORD,
    QUADWORD_SIGN,
    sign_extended,
    signed_field,
)

#: An operate instruction, from its operands to its result.
Operation: TypeAlias = Callable[[int, int], int]
#: Mnemonic and operation of an instruction, by opcode and function code.
Operations: TypeAlias = Mapping[tuple[int, int], tuple[str, Operation]]

_BYTES: Final = range(0, 64, 8)


class IntegerOverflow(Exception):  # noqa: N818  the architecture's word; it never leaves this package
    """The result of an instruction that traps on overflow is too wide."""


def _cmpbge(a: int, b: int) -> int:
    return sum((a >> at & 0xFF >= b >> at & 0xFF) << at // 8 for at in _BYTES)


def _trapping(exact: Operation, bits: int) -> Operation:
    def operation(a: int, b: int) -> int:
        result = exact(signed_field(a, bits), signed_field(b, bits))
        if signed_field(result, bits) != result:
            raise IntegerOverflow
        return result & QUADWORD

    return operation


def _ctlz(_: int, b: int) -> int:
    return 64 - b.bit_length()


def _cttz(_: int, b: int) -> int:
    return 64 if b == 0 else (b & -b).bit_length() - 1


ARITHMETIC: Final[Operations] = {
    (0x10, 0x00): ("addl", lambda a, b: sign_extended(a + b)),
    (0x10, 0x02): ("s4addl", lambda a, b: sign_extended(4 * a + b)),
    (0x10, 0x09): ("subl", lambda a, b: sign_extended(a - b)),
    (0x10, 0x0B): ("s4subl", lambda a, b: sign_extended(4 * a - b)),
    (0x10, 0x0F): ("cmpbge", _cmpbge),
    (0x10, 0x12): ("s8addl", lambda a, b: sign_extended(8 * a + b)),
    (0x10, 0x1B): ("s8subl", lambda a, b: sign_extended(8 * a - b)),
    (0x10, 0x1D): ("cmpult", lambda a, b: int(a < b)),
    (0x10, 0x20): ("addq", lambda a, b: a + b & QUADWORD),
    (0x10, 0x22): ("s4addq", lambda a, b: 4 * a + b & QUADWORD),
    (0x10, 0x29): ("subq", lambda a, b: a - b & QUADWORD),
    (0x10, 0x2B): ("s4subq", lambda a, b: 4 * a - b & QUADWORD),
    (0x10, 0x2D): ("cmpeq", lambda a, b: int(a == b)),
    (0x10, 0x32): ("s8addq", lambda a, b: 8 * a + b & QUADWORD),
    (0x10, 0x3B): ("s8subq", lambda a, b: 8 * a - b & QUADWORD),
    (0x10, 0x3D): ("cmpule", lambda a, b: int(a <= b)),
    (0x10, 0x40): ("addl/v", _trapping(lambda a, b: a + b, 32)),
    (0x10, 0x49): ("subl/v", _trapping(lambda a, b: a - b, 32)),
    # Flipping the sign bits makes an unsigned comparison a signed one.
    (0x10, 0x4D): ("cmplt", lambda a, b: int(a ^ QUADWORD_SIGN < b ^ QUADWORD_SIGN)),
    (0x10, 0x60): ("addq/v", _trapping(lambda a, b: a + b, 64)),
    (0x10, 0x69): ("subq/v", _trapping(lambda a, b: a - b, 64)),
    (0x10, 0x6D): ("cmple", lambda a, b: int(a ^ QUADWORD_SIGN <= b ^ QUADWORD_SIGN)),
    (0x13, 0x00): ("mull", lambda a, b: sign_extended((a & LONGWORD) * (b & LONGWORD))),
    (0x13, 0x20): ("mulq", lambda a, b: a * b & QUADWORD),
    (0x13, 0x30): ("umulh", lambda a, b: a * b >> 64),
    (0x13, 0x40): ("mull/v", _trapping(lambda a, b: a * b, 32)),
    (0x13, 0x60): ("mulq/v", _trapping(lambda a, b: a * b, 64)),
    (0x1C, 0x00): ("sextb", lambda _, b: signed_field(b, 8) & QUADWORD),
    (0x1C, 0x01): ("sextw", lambda _, b: signed_field(b, 16) & QUADWORD),
    (0x1C, 0x30): ("ctpop", lambda _, b: b.bit_count()),
    (0x1C, 0x32): ("ctlz", _ctlz),
    (0x1C, 0x33): ("cttz", _cttz),
}
