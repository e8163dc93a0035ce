"""The file system's byte-range locks, and its Fast I/O: the path that needs no IRP."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import repeat

from ntscan.drivermodel.execution import LockRequest
from ntscan.drivermodel.policies import Refusal


@dataclass(slots=True, kw_only=True)
class FileSystem:
    """Locks held on forks, and what stands in the way of Fast I/O."""

    refusal: Refusal
    locks: tuple[LockRequest, ...] = ()
    #: Forks on which another opener holds an oplock.
    oplocks: frozenset[int] = frozenset()
    #: The filter's answers, one for each Fast I/O call that reaches it; True refuses.
    filter_refuses: Iterator[bool] = field(default_factory=lambda: repeat(True))

    def fast_io_lock(self, request: LockRequest) -> str | None:
        """FastIoLock: lock the range and give None, or say why the answer is FALSE."""
        reason = self._refuses(request)
        if reason is None:
            self.lock(request)
        return reason

    def fast_io_unlock_single(self, request: LockRequest) -> str | None:
        """FastIoUnlockSingle: unlock the range and give None, or say why the answer is FALSE."""
        reason = self._refuses(request)
        if reason is None:
            self.unlock(request)
        return reason

    def lock(self, request: LockRequest) -> bool:
        """Enter an exclusive lock; give False where another client's lock overlaps it."""
        if any(_overlap(lock, request) and lock.client != request.client for lock in self.locks):
            return False
        self.locks = tuple(sorted((*self.locks, request)))
        return True

    def unlock(self, request: LockRequest) -> bool:
        """Remove exactly this lock of this client; give False where there is none."""
        if request not in self.locks:
            return False
        locks = list(self.locks)
        locks.remove(request)
        self.locks = tuple(locks)
        return True

    def _refuses(self, request: LockRequest) -> str | None:
        if self.refusal is Refusal.FILTER and next(self.filter_refuses):
            return "a filter driver above the file system refuses Fast I/O"
        if self.refusal is Refusal.OPLOCK and request.fork in self.oplocks:
            return "an oplock on the fork is outstanding"
        if self.refusal is Refusal.BYTE_RANGE_LOCKS and any(
            lock.fork == request.fork and lock != request for lock in self.locks
        ):
            return "other byte-range locks are present on the fork"
        return None


def _overlap(one: LockRequest, other: LockRequest) -> bool:
    return (
        one.fork == other.fork
        and one.offset < other.offset + other.length
        and other.offset < one.offset + one.length
    )
