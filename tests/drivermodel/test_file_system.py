"""Byte-range locks through SFM: by Fast I/O where nothing stands in the way, else by an IRP."""

import pytest

from ntscan.drivermodel.address_map import requester
from ntscan.drivermodel.builds import COMPLETION_FREES, LEFT_WITH_THREAD, VULNERABLE
from ntscan.drivermodel.byte_range_locks import LockTable
from ntscan.drivermodel.execution import Frame, LockRequest
from ntscan.drivermodel.policies import Completion, Policies, Refusal
from ntscan.drivermodel.scene import (
    FORK,
    clear_the_way,
    hold_lock,
    running_machine,
    stand_in_the_way,
    unlock,
)

HERE = LockRequest(client=1, fork=FORK, offset=100, length=50)


@pytest.mark.parametrize(
    ("other", "granted"),
    [
        (HERE._replace(client=2), False),
        (HERE._replace(client=2, offset=149, length=1), False),
        (HERE._replace(client=2, offset=150), True),
        (HERE._replace(client=2, offset=50, length=50), True),
        (HERE._replace(client=2, offset=50, length=51), False),
        (HERE._replace(client=2, fork=FORK + 8), True),
        (HERE._replace(length=10), True),
    ],
)
def test_overlapping_locks_of_two_clients_exclude_each_other(
    other: LockRequest, granted: bool
) -> None:
    """A byte has one client; the same client may lock it again."""
    table = LockTable()
    assert table.lock(HERE)
    assert table.lock(other) is granted


@pytest.mark.parametrize(
    ("request_", "done"),
    [(HERE, True), (HERE._replace(client=2), False), (HERE._replace(length=49), False)],
)
def test_only_exactly_that_lock_is_unlocked(request_: LockRequest, done: bool) -> None:
    """An unlock names client, offset and length of the lock."""
    table = LockTable()
    table.lock(HERE)
    assert table.unlock(request_) is done
    assert table.locks == (() if done else (HERE,))


@pytest.mark.parametrize(
    ("refusal", "irps"),
    [
        (Refusal.NOTHING, 0),
        (Refusal.OPLOCK, 1),
        (Refusal.BYTE_RANGE_LOCKS, 1),
        (Refusal.FILTER, 1),
    ],
)
@pytest.mark.parametrize("completion", Completion)
@pytest.mark.parametrize("build", [COMPLETION_FREES, LEFT_WITH_THREAD], ids=lambda b: b.name)
def test_an_unlock_needs_an_irp_where_fast_io_is_refused(
    refusal: Refusal, irps: int, completion: Completion, build: object
) -> None:
    """Each cause sends the unlock down the IRP path; the range is unlocked either way."""
    chosen = COMPLETION_FREES if build is COMPLETION_FREES else LEFT_WITH_THREAD
    kernel = running_machine(Policies(refusal=refusal, completion=completion), chosen)
    held = hold_lock(kernel, chosen, worker=0)
    assert held in kernel.lock_table.locks
    kernel.ledger.forget()
    stand_in_the_way(kernel)
    kernel.start("worker", unlock(chosen, held, worker=0))
    assert kernel.run_all()
    assert held not in kernel.lock_table.locks
    assert len(kernel.ledger.allocations) == len(kernel.ledger.frees) == irps
    assert not kernel.ledger.held


@pytest.mark.parametrize("refusal", [Refusal.OPLOCK, Refusal.BYTE_RANGE_LOCKS, Refusal.FILTER])
def test_the_way_can_be_cleared(refusal: Refusal) -> None:
    """Where the cause is gone, Fast I/O takes the unlock, also in the vulnerable build."""
    kernel = running_machine(Policies(refusal=refusal), VULNERABLE)
    held = hold_lock(kernel, VULNERABLE, worker=0)
    kernel.ledger.forget()
    stand_in_the_way(kernel)
    clear_the_way(kernel)
    kernel.start("worker", unlock(VULNERABLE, held, worker=0))
    assert kernel.run_all()
    assert not kernel.ledger.allocations
    assert not kernel.lock_table.locks


@pytest.mark.parametrize("completion", Completion)
@pytest.mark.parametrize("taken", [False, True])
def test_the_lock_path_frees_its_irp_once_in_the_vulnerable_build(
    completion: Completion, taken: bool
) -> None:
    """The fault is in the unlock path alone: a refused lock is granted or not, and freed once."""
    kernel = running_machine(Policies(completion=completion), VULNERABLE)
    if taken:
        kernel.lock_table.lock(HERE._replace(client=2))
    stand_in_the_way(kernel)
    kernel.ledger.forget()
    kernel.start("worker", Frame(VULNERABLE.lock, request=HERE, context=requester(0)))
    assert kernel.run_all()
    assert (HERE in kernel.lock_table.locks) is not taken
    assert len(kernel.ledger.allocations) == len(kernel.ledger.frees) == 1
    assert not kernel.ledger.double_free
