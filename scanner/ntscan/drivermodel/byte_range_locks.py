"""The byte-range locks that clients hold on forks."""

from dataclasses import dataclass

from ntscan.drivermodel.execution import LockRequest


@dataclass(slots=True)
class LockTable:
    """Exclusive locks, in order; the file system's own."""

    locks: tuple[LockRequest, ...] = ()

    def lock(self, request: LockRequest) -> bool:
        """Enter a lock; give False where another client's lock overlaps it."""
        if any(_overlap(lock, request) and lock.client != request.client for lock in self.locks):
            return False
        self.locks = tuple(sorted((*self.locks, request)))
        return True

    def unlock(self, request: LockRequest) -> bool:
        """Remove exactly this lock of this client; give False where there is none."""
        if request not in self.locks:
            return False
        position = self.locks.index(request)
        self.locks = self.locks[:position] + self.locks[position + 1 :]
        return True

    def others_on_fork(self, request: LockRequest) -> bool:
        """Say whether locks beside the requested one are present on the same fork."""
        return any(lock.fork == request.fork and lock != request for lock in self.locks)


def _overlap(one: LockRequest, other: LockRequest) -> bool:
    return (
        one.fork == other.fork
        and one.offset < other.offset + other.length
        and other.offset < one.offset + one.length
    )
