"""Nothing is written in as an outcome: change what the code does, and the outcome follows."""

import pytest

from ntscan.drivermodel import traffic
from ntscan.drivermodel.bugcheck import BugCheckError
from ntscan.drivermodel.builds import VULNERABLE, Build, make_build
from ntscan.drivermodel.demonstrate import Demonstration, record
from ntscan.drivermodel.execution import Answer, Control, Frame, Step
from ntscan.drivermodel.kernel import Kernel
from ntscan.drivermodel.policies import Allocator, Policies, Refusal
from ntscan.drivermodel.scene import running_machine
from ntscan.drivermodel.server import Server
from ntscan.drivermodel.sfm import free_irp, keep_irp, let_go, signal, wait, wait_if_pending
from ntscan.drivermodel.workload import LONGEST
from ntscan.vocabulary import Behaviour

LOOKASIDE, POOL = Policies(), Policies(allocator=Allocator.POOL)


def drain(kernel: Kernel, _frame: Frame) -> Answer:
    """Let other requests take every IRP that the lookaside list claims to hold."""
    while kernel.free_irps.depth:
        kernel.free_irps.allocate()
    return Control.NEXT


def build(completion: tuple[Step, ...], after_send: tuple[Step, ...]) -> Build:
    """A build with other steps than the published ones."""
    return make_build("changed", completion=completion, after_send=after_send)


def outcome(changed: Build, policies: Policies = LOOKASIDE, free: int = 2) -> Demonstration:
    """One refused unlock in that build."""
    return record(Behaviour.VULNERABLE, policies, changed, free=free).demonstration


@pytest.mark.parametrize(
    ("completion", "after_send", "frees", "lookaside", "pool"),
    [
        # The same three frees in another order are as bad.
        ((free_irp, signal, keep_irp), (wait_if_pending, free_irp, free_irp), 3, 3, 2),
        ((signal, keep_irp), (wait, free_irp, free_irp, free_irp), 3, 3, 2),
        # Two frees are still a double free, wherever they stand.
        ((free_irp, free_irp, signal, keep_irp), (wait_if_pending,), 2, 3, 2),
        ((free_irp, signal, keep_irp), (wait_if_pending, free_irp), 2, 3, 2),
        # One free is safe, wherever it stands, and none is no corruption.
        ((free_irp, signal, keep_irp), (wait_if_pending,), 1, None, None),
        ((signal, keep_irp), (wait, free_irp), 1, None, None),
        ((signal, keep_irp), (wait,), 0, None, None),
    ],
)
def test_the_outcome_follows_the_frees(
    completion: tuple[Step, ...],
    after_send: tuple[Step, ...],
    frees: int,
    lookaside: int | None,
    pool: int | None,
) -> None:
    """More than one free stops the machine, one does not; where they stand does not matter."""
    for policies, operations in ((LOOKASIDE, lookaside), (POOL, pool)):
        result = outcome(build(completion, after_send), policies)
        assert (result.allocations, result.frees) == (1, frees)
        assert result.double_free is (frees > 1)
        assert result.io_operations_until_stop == operations


@pytest.mark.parametrize(
    ("completion", "frees", "double_free"),
    [((free_irp, free_irp, let_go), 2, True), ((free_irp, let_go), 1, False)],
)
def test_an_irp_that_is_freed_but_not_kept_stops_the_i_o_manager(
    completion: tuple[Step, ...], frees: int, double_free: bool
) -> None:
    """Without STATUS_MORE_PROCESSING_REQUIRED the I/O manager goes on with a freed IRP."""
    result = outcome(build(completion, ()))
    assert (result.frees, result.double_free) == (frees, double_free)
    assert (result.io_operations_until_stop, result.stop_code) == (0, "0x0000000A")


def test_a_list_drained_between_the_frees_does_not_turn_on_itself() -> None:
    """Where others empty the list after each free, each free links the IRP in only once."""
    result = outcome(
        build((free_irp, drain, free_irp, drain, signal, keep_irp), (wait_if_pending, free_irp))
    )
    assert (result.frees, result.double_free) == (3, True)
    assert result.stop_code is None


@pytest.mark.parametrize(
    ("depth", "free", "operations", "stop_code"),
    [
        (0, 2, 2, "0x0000000A"),  # every free goes to the pool, whose lists link both ways
        (1, 2, 3, "0x0000001E"),  # the list is full at once: only the first free finds room
        (2, 1, 4, "0x0000001E"),  # two in the list, the third in the pool
        (8, 2, 3, "0x0000001E"),  # all three in the list
    ],
)
def test_frees_beyond_the_depth_of_the_list_go_to_the_pool(
    depth: int, free: int, operations: int, stop_code: str
) -> None:
    """The outcome depends on how many of the frees the lookaside list takes."""
    result = outcome(VULNERABLE, Policies(lookaside_depth=depth), free=free)
    assert (result.io_operations_until_stop, result.stop_code) == (operations, stop_code)


def test_requests_one_after_the_other_survive_a_list_of_one_irp() -> None:
    """The list that turned on itself serves requests that do not overlap, for ever."""
    kernel = running_machine(LOOKASIDE, VULNERABLE)
    irp = kernel.free_irps.allocate()
    for _ in range(3):
        kernel.free_irps.free(irp)
    states = []
    for _ in range(3):
        kernel.start("request", traffic.request(1))
        assert kernel.run_all()
        states.append(kernel.memory.freeze())
    assert states[1] == states[2]


@pytest.mark.parametrize("policies", [LOOKASIDE, POOL])
def test_a_server_whose_unlocks_are_never_refused_comes_back_to_the_same_state(
    policies: Policies,
) -> None:
    """The vulnerable build survives 10^6 operations and any number more without a refusal.

    A state that recurs under a periodic load recurs for ever, and no state on the way was bad.
    """
    server = Server(Policies(allocator=policies.allocator, refusal=Refusal.FILTER), VULNERABLE)
    seen: dict[object, int] = {}
    for operation in range(1, 2000):
        if operation % 10 == 0:
            server.unlock(operation, LONGEST, refused=False)
        else:
            server.read(operation, 1 + operation % LONGEST)
        assert server.intact
        if operation % 60 == 0:
            state = server.kernel.freeze()
            if state in seen:
                return
            seen[state] = operation
    pytest.fail("no state came back")


def test_a_filter_that_always_refuses_harms_nobody_who_does_not_unlock() -> None:
    """Fast I/O may be unavailable: without unlocks nothing happens."""
    server = Server(Policies(refusal=Refusal.FILTER), VULNERABLE)
    server.kernel.filter_refuses = True
    for operation in range(1, 3000):
        server.read(operation, 1 + operation % LONGEST)
    assert server.intact


def test_a_server_without_the_fix_stops_where_reads_overlap() -> None:
    """One refused unlock and overlapping reads stop the machine."""
    server = Server(Policies(refusal=Refusal.FILTER), VULNERABLE)
    server.unlock(1, 1, refused=True)
    assert not server.intact
    with pytest.raises(BugCheckError):
        _read_until(server, 100)


def _read_until(server: Server, last: int) -> None:
    for operation in range(2, last):
        server.read(operation, LONGEST)
