"""What a server does all day, as the simulation sees it: a numbered stream of I/O operations.

Operation n is a client's unlock where the pattern says so, and another driver's read otherwise. The
operation stays outstanding while up to ``LONGEST`` - 1 others begin. Everything about operation n
follows from n and the seed, so that a stretch in which nothing matters can be left out.
"""

from collections.abc import Iterator
from enum import StrEnum
from math import isclose, log, log1p
from random import Random
from typing import Final

#: An operation is complete at the latest when this many others have begun after it.
LONGEST: Final = 6

_PERIOD: Final = 4099
_SPARSE_EVERY: Final = 100
_BURST: Final = 20
_BURST_EVERY: Final = 2000
_SWEEP: Final = 500
_SWEEP_EVERY: Final = 2000


#: The least share of unlocks that can be refused, other than none: one in 10^12.
SMALLEST_RATE: Final = 1e-12

#: What the workload assumes, in sentences.
ASSUMPTIONS: Final = (
    (
        f"Sparse: one operation in {_SPARSE_EVERY} is an unlock. Bursty: {_BURST} in a row of every"
        f" {_BURST_EVERY:,}. Sweeping: every other one of {2 * _SWEEP:,} of every {_SWEEP_EVERY:,}."
    ),
    (
        "Every other operation is a read of another driver; it is outstanding while up to"
        f" {LONGEST - 1} more operations begin."
    ),
    "Refusals of unlocks are independent, or regular where asked for; locks are taken by Fast I/O.",
)


class Pattern(StrEnum):
    """When clients unlock, among the server's other operations."""

    NONE = "none"
    #: One operation in 100.
    SPARSE = "sparse"
    #: Twenty unlocks in a row, once in 2,000 operations.
    BURSTY = "bursty"
    #: A client releases 500 ranges, every other operation, once in 2,000 operations.
    SWEEPING = "sweeping"


def operation_of_unlock(pattern: Pattern, number: int) -> int:
    """Give the operation that is the unlock of this number; both count from 1."""
    match pattern:
        case Pattern.SPARSE:
            return number * _SPARSE_EVERY
        case Pattern.BURSTY:
            burst, position = divmod(number - 1, _BURST)
            return burst * _BURST_EVERY + position + 1
        case Pattern.SWEEPING:
            sweep, position = divmod(number - 1, _SWEEP)
            return sweep * _SWEEP_EVERY + 2 * position + 1
        case Pattern.NONE:
            raise ValueError("the pattern none has no unlocks")


def geometric(uniform: float, rate: float) -> int:
    """Give how many tries the first success takes, from a uniform draw in [0, 1).

    Inverts the distribution function: more than n tries exactly where 1 - uniform < (1 - rate)^n.
    """
    if rate >= 1:
        return 1
    return 1 + int(log(1 - uniform) / log1p(-rate))


def every_nth(rate: float) -> int | None:
    """Give n where the rate is one in n, n whole; None where it is not."""
    if rate <= 0:
        return None
    every = round(1 / rate)
    return every if isclose(every * rate, 1, rel_tol=1e-9) else None


class Workload:
    """One run's operations: which are unlocks, which of these are refused, how long each lasts.

    Each unlock is refused with the chance ``rate``; where ``regular``, every n-th is, n = 1 / rate.
    """

    def __init__(self, pattern: Pattern, rate: float, seed: str, *, regular: bool = False) -> None:
        self._pattern = pattern
        self._rate = rate
        self._seed = seed
        self._regular = regular
        random = Random(f"durations {seed}")  # noqa: S311 - a simulation, to be repeatable
        self._durations = [random.randint(1, LONGEST) for _ in range(_PERIOD)]

    def duration(self, operation: int) -> int:
        """Give how many operations later this operation is complete."""
        return self._durations[operation % _PERIOD]

    def refused(self) -> Iterator[int]:
        """Give the operations that are refused unlocks, in order, without end.

        Unlocks that Fast I/O takes are not drawn one by one: the number of unlocks to the next
        refusal has a geometric distribution, and is drawn from it exactly.
        """
        if self._pattern is Pattern.NONE or self._rate <= 0:
            return
        random = Random(f"refusals {self._seed}")  # noqa: S311 - a simulation, to be repeatable
        unlock = 0
        while True:
            draw = random.random()
            unlock += round(1 / self._rate) if self._regular else geometric(draw, self._rate)
            yield operation_of_unlock(self._pattern, unlock)

    def is_unlock(self, operation: int) -> bool:
        """Say whether the operation is a client's unlock."""
        match self._pattern:
            case Pattern.SPARSE:
                return operation % _SPARSE_EVERY == 0
            case Pattern.BURSTY:
                return (operation - 1) % _BURST_EVERY < _BURST
            case Pattern.SWEEPING:
                position = (operation - 1) % _SWEEP_EVERY
                return position < 2 * _SWEEP and position % 2 == 0
            case Pattern.NONE:
                return False
