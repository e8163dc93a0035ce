"""Inputs that might turn a branch the other way.

Every unknown word has a value that no other has, so the operands of a comparison name the words
that they came from ("input-to-state correspondence"; Aschermann et al., REDQUEEN, NDSS 2019).
What is proposed here is only tried: a run shows whether it turns the branch.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Final, TypeAlias

from ntscan.machinecode.inputs import Touch
from ntscan.machinecode.origin import Origin
from ntscan.machinecode.processor import Comparison
from ntscan.machinecode.run import Branch, Run

Assignment: TypeAlias = Mapping[Origin, int]

_WORD: Final = 0xFFFFFFFF
_SIGN: Final = 0x80000000
#: The farthest that a compared value may lie from the word that it was computed from.
_NEAR: Final = 0x1000
_FEWEST_WAYS: Final = 2
_MOST_WAYS: Final = 48
_MASKING: Final = ("test", "and", "bt", "blbc", "blbs", "bis", "or")
#: The parts of a word that code compares: their size in bytes, and where they begin, in bits.
_LANES: Final = ((2, (0, 16)), (1, (0, 8, 16, 24)))


def touches_before(run: Run, branch: Branch) -> list[Touch]:
    """Return the words that the branch can depend on: each once, the last touched first."""
    seen: set[Origin] = set()
    touches = []
    for touch in reversed(run.touches[: branch.touches]):
        if touch.origin not in seen:
            seen.add(touch.origin)
            touches.append(touch)
    return touches


def direct(run: Run, branch: Branch) -> Iterator[Assignment]:
    """Propose values for the words whose values the comparison shows, whole or in part."""
    comparison = branch.comparison
    if comparison is None:
        return
    left, right = _operands(comparison)
    proposed: set[tuple[Origin, int]] = set()
    # A small number may stand in a comparison by chance: such words come last.
    for touch in sorted(touches_before(run, branch), key=lambda touch: touch.value < _NEAR):
        for seen, other in ((left, right), (right, left)):
            for value in _matches(touch.value, seen, other, comparison):
                if value != touch.value and (touch.origin, value) not in proposed:
                    proposed.add((touch.origin, value))
                    yield {**run.assignment, touch.origin: value}


def indirect(run: Run, branch: Branch) -> Iterator[Assignment]:
    """Propose usual values for every word touched before the branch, whole and in part."""
    comparison = branch.comparison
    constants = {0: None, 1: None, _WORD: None, _SIGN: None}
    if comparison is not None:
        for operand in (comparison.right & _WORD, comparison.left & _WORD):
            constants |= dict.fromkeys((operand, (operand + 1) & _WORD, (operand - 1) & _WORD))
    touches = touches_before(run, branch)
    whole = ((touch, constant) for constant in constants for touch in touches)
    bits = ((touch, touch.value ^ (1 << bit)) for touch in touches for bit in range(32))
    parts = (
        (touch, _patched(touch.value, constant, size, shift))
        for constant in constants
        for touch in touches
        for size, shifts in _LANES
        for shift in shifts
    )
    for touch, value in chain(whole, bits, parts):
        yield {**run.assignment, touch.origin: value}


def is_range(bound: int) -> bool:
    """Say whether a comparison with a number may guard a table of that many ways to go on."""
    return _FEWEST_WAYS <= bound <= _MOST_WAYS


def named(run: Run, branch: Branch) -> Sequence[Origin]:
    """Return the words that the comparison plainly shows: whole, and by a value of their own."""
    if branch.comparison is None:
        return ()
    operands = _operands(branch.comparison)
    return [
        touch.origin
        for touch in touches_before(run, branch)
        if touch.value > _NEAR and touch.value in operands
    ]


def shown(run: Run, branch: Branch) -> Sequence[Origin]:
    """Return the words that the comparison may show: whole, in part, or near."""
    comparison = branch.comparison
    if comparison is None:
        return ()
    return [
        touch.origin
        for touch in touches_before(run, branch)
        for seen in _operands(comparison)
        if any(True for _ in _matches(touch.value, seen, 0, comparison))
    ]


def _operands(comparison: Comparison) -> tuple[int, int]:
    return comparison.left & _WORD, comparison.right & _WORD


def _matches(value: int, seen: int, other: int, comparison: Comparison) -> Iterator[int]:
    """Propose new values of a word, of which one operand may be the whole, a part, or near."""
    masking = comparison.operation in _MASKING
    difference = (seen - value) & _WORD
    difference -= (difference & _SIGN) << 1
    if abs(difference) < _NEAR:
        for wanted in _wanted(seen, other, masking=masking):
            yield (wanted - difference) & _WORD
    for size, shifts in _LANES:
        mask = (1 << 8 * size) - 1
        if seen > mask:
            continue
        for shift in shifts:
            if (value >> shift) & mask == seen:
                for wanted in _wanted(seen, other, masking=masking):
                    yield _patched(value, wanted, size, shift)


def _wanted(seen: int, other: int, *, masking: bool) -> tuple[int, ...]:
    """Give what an operand might be, for the branch to go the other way."""
    if masking:
        if seen == other:
            return (0, 1, _SIGN, _WORD)
        lowest = other & -other
        return (seen & ~other & _WORD, seen | other, seen & ~lowest, seen | lowest, other, 0)
    near: tuple[int, ...] = (other, (other + 1) & _WORD, (other - 1) & _WORD)
    if is_range(other):
        near += tuple(range(other - 1))
    return (*near, 0, 1, _WORD, _SIGN, _SIGN - 1)


def _patched(value: int, part: int, size: int, shift: int) -> int:
    mask = ((1 << 8 * size) - 1) << shift
    return (value & ~mask) | ((part << shift) & mask)
