"""How much work an analysis may do; no input makes it do more."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from msgspec import Struct

#: Instructions between two looks at the clock: some hundredths of a second.
SLICE: Final = 10_000


class Budget(Struct, frozen=True, kw_only=True):
    """The bounds of one analysis.

    ``instructions`` and ``paths`` count over the whole analysis, ``path_instructions`` and
    ``path_words`` (32-bit words of memory touched) for one run; ``seconds`` are of ``clock``.
    """

    instructions: int = 4_000_000
    paths: int = 8_000
    path_instructions: int = 20_000
    path_words: int = 100_000
    seconds: float = 8.0
    clock: Callable[[], float] = time.monotonic


class BudgetSpentError(Exception):
    """The analysis has used up its budget; it never leaves this package."""


class ShareSpentError(Exception):
    """The search from one start point has used up its share; it never leaves this package."""


class Meter:
    """What has been spent of a budget."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.instructions = 0
        self.paths = 0
        self._began = budget.clock()
        self.end_share()

    @property
    def seconds(self) -> float:
        """The time since the analysis began."""
        return self.budget.clock() - self._began

    def begin_share(self, parts: int) -> None:
        """Let what follows spend one of so many equal parts of the instructions left."""
        left = self.budget.instructions - self.instructions
        self._share_ends = self.instructions + left // parts

    @contextmanager
    def half_of_share(self) -> Iterator[None]:
        """Let what is done within spend half of what is left of a share, so that some stays."""
        share_ends = self._share_ends
        self._share_ends = self.instructions + (share_ends - self.instructions) // 2
        try:
            yield
        finally:
            self._share_ends = share_ends

    def end_share(self) -> None:
        """Let what follows spend all that is left."""
        self._share_ends = self.budget.instructions

    def spend(self, instructions: int) -> None:
        """Count instructions.

        Raises BudgetSpentError where a bound is reached, and ShareSpentError at that of a share.
        """
        self.instructions += instructions
        if self.instructions >= self.budget.instructions:
            raise BudgetSpentError(f"{self.budget.instructions:,} instructions")
        if self.seconds >= self.budget.seconds:
            raise BudgetSpentError(f"{self.budget.seconds:g} seconds")
        if self.instructions >= self._share_ends:
            raise ShareSpentError

    def begin_path(self) -> None:
        """Count a path; raises as ``spend`` does."""
        self.paths += 1
        if self.paths > self.budget.paths:
            raise BudgetSpentError(f"{self.budget.paths:,} paths")
        self.spend(0)
