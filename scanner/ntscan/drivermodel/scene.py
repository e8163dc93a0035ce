"""The machine as every scene finds it: running for a while, some IRPs free and some in use."""

from typing import Final

from ntscan.drivermodel import file_system, traffic
from ntscan.drivermodel.execution import Frame, LockRequest
from ntscan.drivermodel.kernel import KERNEL_STACKS, STACK_BLOCK_SIZE, Kernel
from ntscan.drivermodel.policies import Policies, Refusal
from ntscan.drivermodel.sfm import Build

FORK: Final = 0x80F61348
_OTHER_CLIENT: Final = 99


def running_machine(policies: Policies, build: Build, *, free: int = 2) -> Kernel:
    """Load the drivers, on a machine where other requests have left ``free`` IRPs free.

    The free ones come to be as on a real machine: allocated in turn with others that stay in use,
    and then freed, so that no two free blocks are neighbours.
    """
    kernel = Kernel(policies)
    build.load(kernel)
    file_system.attach(kernel)
    traffic.attach(kernel)
    size = kernel.layouts.size_of_irp(kernel.stack_size)
    blocks = [kernel.pool.allocate(size) for _ in range(2 * free + 1)]
    for block in blocks[1::2]:
        kernel.free_irps.free(block)
    return kernel


def unlock_request(kernel: Kernel, build: Build, worker: int) -> Frame:
    """Let a client hold a lock, and give the first frame of the worker that shall unlock it."""
    request = LockRequest(client=worker + 1, fork=FORK, offset=worker * 512, length=512)
    kernel.file_system.lock(request)
    if kernel.policies.refusal is Refusal.OPLOCK:
        kernel.file_system.oplocks = frozenset({FORK})
    if kernel.policies.refusal is Refusal.BYTE_RANGE_LOCKS:
        kernel.file_system.lock(
            LockRequest(client=_OTHER_CLIENT, fork=FORK, offset=1 << 20, length=512)
        )
    return Frame(
        build.unlock,
        request=request,
        context=KERNEL_STACKS + worker * STACK_BLOCK_SIZE,
    )
