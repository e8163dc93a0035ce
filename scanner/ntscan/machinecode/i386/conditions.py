"""The sixteen conditions of Jcc, SETcc and CMOVcc, by the low four bits of the opcode."""

from collections.abc import Callable
from typing import Final, TypeAlias

from ntscan.machinecode.i386.flags import Flags

Condition: TypeAlias = Callable[[Flags], bool]


def _overflow(flags: Flags) -> bool:
    rule, left, right, result = flags
    return rule.overflow(left, right, result)


def _below(flags: Flags) -> bool:
    rule, left, right, result = flags
    return rule.carry(left, right, result)


def _zero(flags: Flags) -> bool:
    return flags[3] == 0


def _not_zero(flags: Flags) -> bool:
    return flags[3] != 0


def _below_or_equal(flags: Flags) -> bool:
    rule, left, right, result = flags
    return result == 0 or rule.carry(left, right, result)


def _sign(flags: Flags) -> bool:
    rule, left, right, result = flags
    return rule.sign(left, right, result)


def _parity(flags: Flags) -> bool:
    rule, left, right, result = flags
    return rule.parity(left, right, result)


def _less(flags: Flags) -> bool:
    rule, left, right, result = flags
    return rule.sign(left, right, result) != rule.overflow(left, right, result)


def _less_or_equal(flags: Flags) -> bool:
    return flags[3] == 0 or _less(flags)


def _not(condition: Condition) -> Condition:
    return lambda flags: not condition(flags)


#: O NO B AE Z NZ BE A S NS P NP L GE LE G (SDM volume 2, appendix B.1.4.7).
CONDITIONS: Final[tuple[Condition, ...]] = (
    _overflow,
    _not(_overflow),
    _below,
    _not(_below),
    _zero,
    _not_zero,
    _below_or_equal,
    _not(_below_or_equal),
    _sign,
    _not(_sign),
    _parity,
    _not(_parity),
    _less,
    _not(_less),
    _less_or_equal,
    _not(_less_or_equal),
)
