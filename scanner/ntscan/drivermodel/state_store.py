"""Many states of one kernel, kept small: each part is stored once and named by a number.

This is what model checkers call collapse compression. It is exact: two states are the same tuple of
numbers if and only if all their parts are equal.
"""

from collections.abc import Hashable
from typing import Generic, TypeAlias, TypeVar

from ntscan.drivermodel.execution import PRIVATE_STEPS, FrozenThread, LockRequest, Thread
from ntscan.drivermodel.kernel import Kernel
from ntscan.drivermodel.ledger import FrozenLedger
from ntscan.drivermodel.memory import FrozenRegion

Part = TypeVar("Part", bound=Hashable)

#: Memory, locks and ledger by number, then the threads' numbers in a canonical order.
State: TypeAlias = tuple[int, int, int, tuple[int, ...]]


class Numbering(Generic[Part]):
    """Gives equal values the same number, and the value back for the number."""

    __slots__ = ("_numbers", "values")

    def __init__(self) -> None:
        self._numbers: dict[Part, int] = {}
        self.values: list[Part] = []

    def number(self, value: Part) -> int:
        """Give the value's number, a new one where the value is new."""
        number = self._numbers.setdefault(value, len(self.values))
        if number == len(self.values):
            self.values.append(value)
        return number


class StateStore:
    """Takes one kernel from state to state."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self._memories: Numbering[tuple[FrozenRegion, ...]] = Numbering()
        self._locks: Numbering[tuple[LockRequest, ...]] = Numbering()
        self._ledgers: Numbering[FrozenLedger] = Numbering()
        self._threads: Numbering[FrozenThread] = Numbering()

    def keep(self, others: tuple[int, ...] = ()) -> State:
        """Give the kernel's state, with ``others`` beside the threads that are in it.

        Threads stand in an order of their own, so that the order of their start makes no state.
        """
        kernel = self.kernel
        threads = [self._threads.number(thread.freeze()) for thread in kernel.threads]
        return (
            self._memories.number(kernel.memory.freeze()),
            self._locks.number(kernel.lock_table.locks),
            self._ledgers.number(kernel.ledger.freeze()),
            tuple(sorted([*threads, *others])),
        )

    def run(self, state: State, index: int) -> State | None:
        """Let one thread of a state take a step; None where it waits.

        Steps that only its own frame can tell are taken with the step before them: whoever else
        runs between them, the outcome is the same. Raises ``BugCheckError`` from the step.
        """
        kernel = self.kernel
        memory, locks, ledger, threads = state
        kernel.memory.thaw(self._memories.values[memory])
        kernel.lock_table.locks = self._locks.values[locks]
        kernel.ledger.thaw(self._ledgers.values[ledger])
        if kernel.events is None:
            kernel.ledger.forget()
        thread = Thread.thaw(self._threads.values[threads[index]])
        kernel.threads = [thread]
        if not kernel.run(thread):
            return None
        while thread.frames and _next_step(thread) in PRIVATE_STEPS:
            kernel.run(thread)
        return self.keep(threads[:index] + threads[index + 1 :])


def _next_step(thread: Thread) -> object:
    frame = thread.frames[-1]
    return frame.routine.steps[frame.step]
