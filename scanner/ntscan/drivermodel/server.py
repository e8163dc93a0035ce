"""A server under load: the kernel driven by operations, each outstanding for a while."""

from typing import Final, NamedTuple

from ntscan.drivermodel import traffic
from ntscan.drivermodel.bugcheck import Irql
from ntscan.drivermodel.builds import Build
from ntscan.drivermodel.execution import Frame, Thread
from ntscan.drivermodel.kernel import Kernel
from ntscan.drivermodel.policies import Policies
from ntscan.drivermodel.scene import (
    clear_the_way,
    hold_lock,
    running_machine,
    stand_in_the_way,
    unlock,
)
from ntscan.drivermodel.workload import LONGEST

#: Free IRPs at the start: more than are ever outstanding, so that the pool is left alone.
_FREE: Final = LONGEST + 2


class _Outstanding(NamedTuple):
    due: int  # the operation before which it completes
    threads: tuple[Thread, ...]  # the DPC that completes it, then who waits for that


class Server:
    """Runs operations one by one; each ``BugCheckError`` ends it."""

    def __init__(self, policies: Policies, build: Build) -> None:
        self._build = build
        self.kernel: Kernel = running_machine(policies, build, free=_FREE)
        self._outstanding: list[_Outstanding] = []

    def read(self, operation: int, duration: int) -> None:
        """Let another driver begin a read, complete ``duration`` operations later."""
        self._complete_until(operation)
        frame = traffic.request(self._slot(operation))
        self._begin(frame, operation + duration, self.kernel.policies.traffic_irql)

    def unlock(self, operation: int, duration: int, *, refused: bool) -> None:
        """Let a client unlock a range; a pending IRP is complete ``duration`` operations later."""
        self._complete_until(operation)
        slot = self._slot(operation)
        clear_the_way(self.kernel)
        request = hold_lock(self.kernel, self._build, slot)
        if refused:
            stand_in_the_way(self.kernel)
        self._begin(unlock(self._build, request, slot), operation + duration)

    def drain(self) -> None:
        """Complete everything that is outstanding, in the order in which it is due."""
        for entry in sorted(self._outstanding, key=lambda entry: entry.due):
            self._finish(entry)
        self._outstanding.clear()

    @property
    def intact(self) -> bool:
        """Say whether the machine is as if no unlock had ever been refused."""
        return not self.kernel.ledger.double_free and not self.kernel.free_irp_chain().fault

    def _begin(self, frame: Frame, due: int, irql: Irql = Irql.PASSIVE_LEVEL) -> None:
        before = set(map(id, self.kernel.threads))
        thread = self.kernel.start("request", frame, irql)
        ended = self.kernel.finish(thread)
        started = [
            each for each in self.kernel.threads if id(each) not in before and each is not thread
        ]
        if started or not ended:
            waiter = () if ended else (thread,)
            self._outstanding.append(_Outstanding(due, (*started, *waiter)))

    def _complete_until(self, operation: int) -> None:
        if any(entry.due <= operation for entry in self._outstanding):
            due = [entry for entry in self._outstanding if entry.due <= operation]
            self._outstanding = [entry for entry in self._outstanding if entry.due > operation]
            for entry in due:
                self._finish(entry)

    def _finish(self, entry: _Outstanding) -> None:
        for thread in entry.threads:
            self.kernel.finish(thread)

    @staticmethod
    def _slot(operation: int) -> int:
        """Give the operation a context that no other outstanding one has."""
        return 1 + operation % (2 * LONGEST)
