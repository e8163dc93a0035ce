"""The machine as every scene finds it: running for a while, some IRPs free and some in use."""

from typing import Final

from ntscan.drivermodel import file_system, traffic
from ntscan.drivermodel.address_map import requester
from ntscan.drivermodel.builds import Build
from ntscan.drivermodel.execution import Frame, LockRequest
from ntscan.drivermodel.kernel import Kernel
from ntscan.drivermodel.policies import Policies, Refusal

FORK: Final = 0x80F70348
_OTHER_CLIENT: Final = 99
_OTHER_LOCK: Final = LockRequest(client=_OTHER_CLIENT, fork=FORK, offset=1 << 20, length=512)


def running_machine(policies: Policies, build: Build, *, free: int = 2) -> Kernel:
    """Load the drivers, on a machine where other requests have left ``free`` IRPs free.

    The free ones come to be as on a real machine: allocated in turn with others that stay in use,
    and then freed, so that no two free blocks are neighbours.
    """
    kernel = Kernel(policies)
    build.load(kernel)
    file_system.attach(kernel)
    traffic.attach(kernel)
    clear_the_way(kernel)
    blocks = [kernel.pool.allocate(kernel.size_of_irp) for _ in range(2 * free + 1)]
    for block in blocks[1::2]:
        kernel.free_irps.free(block)
    return kernel


def hold_lock(kernel: Kernel, build: Build, worker: int) -> LockRequest:
    """Let a client lock a range through SFM."""
    request = LockRequest(client=worker + 1, fork=FORK, offset=worker * 512, length=512)
    thread = kernel.start("lock", Frame(build.lock, request=request, context=requester(-1)))
    if not kernel.finish(thread):
        kernel.run_all()
    return request


def unlock(build: Build, request: LockRequest, worker: int) -> Frame:
    """Give the first frame of the SFM worker that unlocks the range for its client."""
    return Frame(build.unlock, request=request, context=requester(worker))


def stand_in_the_way(kernel: Kernel) -> None:
    """Let happen what the policy names as the cause that makes Fast I/O answer FALSE."""
    match kernel.policies.refusal:
        case Refusal.OPLOCK:
            kernel.oplocks = frozenset({FORK})
        case Refusal.BYTE_RANGE_LOCKS:
            kernel.lock_table.lock(_OTHER_LOCK)
        case Refusal.FILTER:
            kernel.filter_refuses = True
        case Refusal.NOTHING:
            pass


def clear_the_way(kernel: Kernel) -> None:
    """Take every cause away: Fast I/O answers TRUE."""
    kernel.oplocks = frozenset()
    kernel.lock_table.unlock(_OTHER_LOCK)
    kernel.filter_refuses = False
