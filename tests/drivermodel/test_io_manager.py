"""The I/O manager's routines: sending, unwinding, and the checks that stop the machine."""

from collections import Counter
from collections.abc import Callable

import pytest

from ntscan.drivermodel import irp as irp_module
from ntscan.drivermodel.address_map import THREAD_OBJECT_SIZE, THREAD_OBJECTS, requester
from ntscan.drivermodel.bugcheck import BugCheckError, StopCode
from ntscan.drivermodel.builds import COMPLETION_FREES, VULNERABLE
from ntscan.drivermodel.completion import IO_COMPLETE_REQUEST
from ntscan.drivermodel.devices import DISK_DEVICE, FILE_SYSTEM_DEVICE, dispatch_routine
from ntscan.drivermodel.execution import Answer, Frame, Return, Routine
from ntscan.drivermodel.file_system import IRP_MJ_LOCK_CONTROL
from ntscan.drivermodel.io_manager import call_driver, io_free_irp
from ntscan.drivermodel.irp import (
    SL_INVOKE_ON_ERROR,
    SL_INVOKE_ON_SUCCESS,
    STATUS_MORE_PROCESSING_REQUIRED,
    STATUS_PENDING,
    STATUS_RANGE_NOT_LOCKED,
    STATUS_SUCCESS,
    current_location,
    current_stack_location,
    initialize_irp,
    irp_type,
    mark_irp_pending,
    move_stack_location,
    next_stack_location,
    set_completion_routine,
    set_status,
    stack_count,
)
from ntscan.drivermodel.kernel import Kernel
from ntscan.drivermodel.memory import PageFaultError
from ntscan.drivermodel.policies import Policies, Refusal
from ntscan.drivermodel.scene import hold_lock, running_machine, stand_in_the_way, unlock
from ntscan.drivermodel.sfm import set_thread
from ntscan.drivermodel.story import Lane

ADDRESS, OTHER_ADDRESS = 0xFC700000, 0xFC700040
NOTHING = Routine(name="nothing", address=0, lane=Lane.OTHER, steps=())
TWO_LOCATIONS = Policies(refusal=Refusal.FILTER)


def kernel_with_irp(policies: Policies | None = None) -> tuple[Kernel, int]:
    """A running machine and a fresh IRP."""
    kernel = running_machine(policies or Policies(), COMPLETION_FREES)
    irp = kernel.free_irps.allocate()
    initialize_irp(kernel, irp)
    return kernel, irp


def routine(address: int, answer: int, calls: list[tuple[int, int]]) -> Routine:
    """A completion routine that notes its calls and gives an answer."""

    def step(_kernel: Kernel, frame: Frame) -> Answer:
        calls.append((address, frame.context))
        return Return(answer)

    return Routine(name="noting", address=address, lane=Lane.OTHER, steps=(step,))


def send(kernel: Kernel, irp: int, *contexts: tuple[int, int]) -> None:
    """Send an IRP down, one location for each completion routine and its context."""
    for address, context in contexts:
        set_completion_routine(kernel, irp, address, context)
        move_stack_location(kernel, irp, -1)


def complete(kernel: Kernel, irp: int) -> None:
    """Call IoCompleteRequest and let everything run."""
    kernel.start("completing", Frame(IO_COMPLETE_REQUEST, irp=irp))
    kernel.run_all()


def test_a_fresh_irp() -> None:
    """IoInitializeIrp zeroes the packet and points behind the last stack location."""
    kernel, irp = kernel_with_irp(TWO_LOCATIONS)
    assert irp_type(kernel, irp) == 6
    assert kernel.memory.read(irp) == 0x00B80006
    assert (stack_count(kernel, irp), current_location(kernel, irp)) == (2, 3)
    assert current_stack_location(kernel, irp) == irp + 0xB8
    assert next_stack_location(kernel, irp) == irp + 0x94
    assert kernel.memory.read(irp + 0x10) == kernel.memory.read(irp + 0x14) == irp + 0x10


def test_completion_routines_are_called_from_the_lowest_location_up() -> None:
    """IoCompleteRequest calls each location's routine with its context, then ends the IRP."""
    kernel, irp = kernel_with_irp(TWO_LOCATIONS)
    calls: list[tuple[int, int]] = []
    kernel.load(routine(ADDRESS, STATUS_SUCCESS, calls))
    kernel.load(routine(OTHER_ADDRESS, STATUS_MORE_PROCESSING_REQUIRED, calls))
    send(kernel, irp, (OTHER_ADDRESS, 1), (ADDRESS, 2))
    complete(kernel, irp)
    assert calls == [(ADDRESS, 2), (OTHER_ADDRESS, 1)]


def test_more_processing_required_stops_the_unwinding() -> None:
    """The driver that answers so keeps the IRP: no routine above it is called."""
    kernel, irp = kernel_with_irp(TWO_LOCATIONS)
    calls: list[tuple[int, int]] = []
    kernel.load(routine(ADDRESS, STATUS_MORE_PROCESSING_REQUIRED, calls))
    send(kernel, irp, (ADDRESS, 1), (ADDRESS, 2))
    complete(kernel, irp)
    assert calls == [(ADDRESS, 2)]
    assert current_location(kernel, irp) == 2


@pytest.mark.parametrize(
    ("status", "invoke", "called"),
    [
        (STATUS_SUCCESS, SL_INVOKE_ON_SUCCESS, True),
        (STATUS_SUCCESS, SL_INVOKE_ON_ERROR, False),
        (STATUS_RANGE_NOT_LOCKED, SL_INVOKE_ON_ERROR, True),
        (STATUS_RANGE_NOT_LOCKED, SL_INVOKE_ON_SUCCESS, False),
        (STATUS_SUCCESS, 0, False),
        # NT_SUCCESS: informational codes are successes, warnings are not.
        (STATUS_PENDING, SL_INVOKE_ON_SUCCESS, True),
        (0x80000005, SL_INVOKE_ON_ERROR, True),
    ],
)
def test_control_says_when_the_routine_is_called(status: int, invoke: int, called: bool) -> None:
    """SL_INVOKE_ON_SUCCESS and SL_INVOKE_ON_ERROR are matched with the status."""
    kernel, irp = kernel_with_irp(TWO_LOCATIONS)
    calls: list[tuple[int, int]] = []
    kernel.load(routine(ADDRESS, STATUS_MORE_PROCESSING_REQUIRED, calls))
    kernel.load(routine(OTHER_ADDRESS, STATUS_MORE_PROCESSING_REQUIRED, []))
    send(kernel, irp, (OTHER_ADDRESS, 0), (ADDRESS, 0))
    location = current_stack_location(kernel, irp)
    kernel.memory.write(location + kernel.layouts.stack_location.control, invoke, 1)
    set_status(kernel, irp, status)
    complete(kernel, irp)
    assert bool(calls) is called


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STATUS_SUCCESS", 0x00000000),
        ("STATUS_PENDING", 0x00000103),
        ("STATUS_INVALID_DEVICE_REQUEST", 0xC0000010),
        ("STATUS_MORE_PROCESSING_REQUIRED", 0xC0000016),
        ("STATUS_LOCK_NOT_GRANTED", 0xC0000055),
        ("STATUS_RANGE_NOT_LOCKED", 0xC000007E),
        ("STATUS_INSUFFICIENT_RESOURCES", 0xC000009A),
        ("SL_PENDING_RETURNED", 0x01),
        ("SL_INVOKE_ON_CANCEL", 0x20),
        ("SL_INVOKE_ON_SUCCESS", 0x40),
        ("SL_INVOKE_ON_ERROR", 0x80),
        ("IO_TYPE_IRP", 6),
    ],
)
def test_the_constants_are_those_of_the_headers(name: str, value: int) -> None:
    """NTSTATUS values and stack location flags, as ntstatus.h and the DDK define them."""
    assert getattr(irp_module, name) == value


@pytest.mark.parametrize("worker", [0, 1])
def test_an_unlock_arrives_at_the_file_system_byte_by_byte(worker: int) -> None:
    """IO_STACK_LOCATION at the IRP's end, read at the offsets of the x86 headers."""
    kernel = running_machine(Policies(), VULNERABLE)
    held = hold_lock(kernel, VULNERABLE, worker)
    stand_in_the_way(kernel)
    thread = kernel.start("worker", unlock(VULNERABLE, held, worker))
    while len(thread.frames) == 1:
        kernel.run(thread)
    irp, context = thread.frames[-1].irp, requester(worker)
    fields = {
        irp + 0x60: (4, irp + 0x70),  # Tail.Overlay.CurrentStackLocation
        irp + 0x23: (1, 1),  # CurrentLocation
        irp + 0x70: (1, 0x11),  # IRP_MJ_LOCK_CONTROL
        irp + 0x71: (1, 0x02),  # IRP_MN_UNLOCK_SINGLE
        irp + 0x73: (1, 0xE0),  # Control: invoke on success, error and cancel
        irp + 0x74: (4, context + 0x18),  # Parameters.LockControl.Length
        irp + 0x78: (4, held.client),  # Key
        irp + 0x7C: (8, held.offset),  # ByteOffset
        irp + 0x84: (4, FILE_SYSTEM_DEVICE),  # DeviceObject
        irp + 0x88: (4, held.fork),  # FileObject
        irp + 0x8C: (4, VULNERABLE.completions[1].address),  # CompletionRoutine
        irp + 0x90: (4, context),  # Context
        context + 0x18: (8, held.length),
    }
    read = {
        address: (size, kernel.memory.read(address, size)) for address, (size, _) in fields.items()
    }
    assert read == fields


def test_a_pending_mark_moves_up_where_no_routine_is_called() -> None:
    """IoCompleteRequest marks the next location pending, as the DDK tells filters to."""
    kernel, irp = kernel_with_irp(TWO_LOCATIONS)
    calls: list[tuple[int, int]] = []
    kernel.load(routine(ADDRESS, STATUS_MORE_PROCESSING_REQUIRED, calls))
    send(kernel, irp, (ADDRESS, 0))
    upper = current_stack_location(kernel, irp)
    move_stack_location(kernel, irp, -1)
    mark_irp_pending(kernel, irp)
    complete(kernel, irp)
    assert calls
    assert kernel.memory.read(upper + kernel.layouts.stack_location.control, 1) & 1
    assert kernel.memory.read(irp + kernel.layouts.irp.pending_returned, 1) == 1


def test_no_mark_is_written_beyond_the_last_location() -> None:
    """The topmost location has none above it: what follows the IRP in memory stays as it was."""
    kernel, irp = kernel_with_irp(TWO_LOCATIONS)
    kernel.memory.write(irp + kernel.layouts.irp.thread, THREAD_OBJECTS)
    move_stack_location(kernel, irp, -2)
    mark_irp_pending(kernel, irp)
    following = kernel.memory.read_bytes(irp + kernel.size_of_irp, 8)
    complete(kernel, irp)
    assert kernel.ledger.frees == [(irp, 0)]
    assert kernel.memory.read_bytes(irp + kernel.size_of_irp, 8) == following


def test_nothing_is_marked_pending_that_was_not() -> None:
    """Without the mark below, the location above stays unmarked."""
    kernel, irp = kernel_with_irp(TWO_LOCATIONS)
    kernel.load(routine(ADDRESS, STATUS_MORE_PROCESSING_REQUIRED, []))
    send(kernel, irp, (ADDRESS, 0))
    upper = current_stack_location(kernel, irp)
    move_stack_location(kernel, irp, -1)
    complete(kernel, irp)
    assert kernel.memory.read(upper + kernel.layouts.stack_location.control, 1) & 1 == 0
    assert kernel.memory.read(irp + kernel.layouts.irp.pending_returned, 1) == 0


@pytest.mark.parametrize("policies", [Policies(), TWO_LOCATIONS])
@pytest.mark.parametrize("beyond", [1, 2])
def test_an_irp_is_complete_beyond_the_location_above_its_last(
    policies: Policies, beyond: int
) -> None:
    """CurrentLocation may be StackCount + 1, as in an IRP never sent; one more is 0x44."""
    kernel, irp = kernel_with_irp(policies)
    kernel.memory.write(irp + kernel.layouts.irp.thread, 0x80F61020)
    move_stack_location(
        kernel, irp, stack_count(kernel, irp) + beyond - current_location(kernel, irp)
    )
    if beyond == 1:
        complete(kernel, irp)
        assert kernel.ledger.frees == [(irp, 0)]
        return
    with pytest.raises(BugCheckError) as stop:
        complete(kernel, irp)
    assert stop.value.code is StopCode.MULTIPLE_IRP_COMPLETE_REQUESTS


@pytest.mark.parametrize("policies", [Policies(), TWO_LOCATIONS])
def test_an_irp_that_was_never_sent_has_no_location_to_unwind(policies: Policies) -> None:
    """What lies behind the packet is no stack location: no routine found there is called."""
    kernel, irp = kernel_with_irp(policies)
    calls: list[tuple[int, int]] = []
    kernel.load(routine(ADDRESS, STATUS_SUCCESS, calls))
    layout = kernel.layouts.stack_location
    behind = irp + kernel.size_of_irp
    kernel.memory.write(behind + layout.control, 0xE0, 1)
    kernel.memory.write(behind + layout.completion_routine, ADDRESS)
    kernel.memory.write(irp + kernel.layouts.irp.thread, THREAD_OBJECTS)
    complete(kernel, irp)
    assert calls == []
    assert kernel.ledger.frees == [(irp, 0)]


@pytest.mark.parametrize("major_function", [0x00, IRP_MJ_LOCK_CONTROL, 0x1B])
def test_a_function_that_no_driver_handles_completes_as_an_invalid_request(
    major_function: int,
) -> None:
    """All 28 entries of MajorFunction[] are routines; the disk sets that of IRP_MJ_READ alone."""
    kernel, irp = kernel_with_irp()
    calls: list[tuple[int, int]] = []
    kernel.load(routine(ADDRESS, STATUS_MORE_PROCESSING_REQUIRED, calls))
    set_completion_routine(kernel, irp, ADDRESS, 7)
    layout = kernel.layouts
    location = next_stack_location(kernel, irp)
    kernel.memory.write(location + layout.stack_location.major_function, major_function, 1)
    thread = kernel.start("sender", call_driver(kernel, DISK_DEVICE, Frame(NOTHING, irp=irp)))
    assert kernel.finish(thread)
    assert calls == [(ADDRESS, 7)]
    assert kernel.memory.read(irp + layout.irp.io_status) == 0xC0000010


def test_each_entry_of_the_dispatch_table_is_a_routine() -> None:
    """The table has IRP_MJ_MAXIMUM_FUNCTION + 1 entries, and ends there."""
    kernel, _ = kernel_with_irp()
    names = [dispatch_routine(kernel, DISK_DEVICE, number).name for number in range(28)]
    assert Counter(names) == {"IopInvalidDeviceRequest": 27, "the disk's dispatch routine": 1}
    with pytest.raises(PageFaultError, match="call of 0x00000000"):
        dispatch_routine(kernel, DISK_DEVICE, 28)


def test_current_location_is_signed() -> None:
    """CurrentLocation is a CHAR: moved below 0, it is negative, and 0x35 stops the next send."""
    kernel, irp = kernel_with_irp()
    move_stack_location(kernel, irp, -3)
    assert current_location(kernel, irp) == -1
    with pytest.raises(BugCheckError) as stop:
        call_driver(kernel, DISK_DEVICE, Frame(IO_COMPLETE_REQUEST, irp=irp))
    assert stop.value.code is StopCode.NO_MORE_IRP_STACK_LOCATIONS


def _complete_twice(kernel: Kernel, irp: int) -> None:
    kernel.load(routine(ADDRESS, STATUS_MORE_PROCESSING_REQUIRED, []))
    send(kernel, irp, (ADDRESS, 0))
    complete(kernel, irp)
    move_stack_location(kernel, irp, 1)
    complete(kernel, irp)


def _complete_freed(kernel: Kernel, irp: int) -> None:
    io_free_irp(kernel, irp, 0)
    complete(kernel, irp)


def _send_without_location(kernel: Kernel, irp: int) -> None:
    move_stack_location(kernel, irp, -1)
    call_driver(kernel, DISK_DEVICE, Frame(IO_COMPLETE_REQUEST, irp=irp))


def _free_twice(kernel: Kernel, irp: int) -> None:
    io_free_irp(kernel, irp, 0)
    io_free_irp(kernel, irp, 0)


def _complete_without_thread(kernel: Kernel, irp: int) -> None:
    send(kernel, irp, (0, 0))
    location = current_stack_location(kernel, irp)
    kernel.memory.write(location + kernel.layouts.stack_location.control, 0, 1)
    complete(kernel, irp)


def _call_a_routine_that_is_none(kernel: Kernel, irp: int) -> None:
    send(kernel, irp, (0x00001234, 0))
    complete(kernel, irp)


@pytest.mark.parametrize(
    ("act", "type_check", "code"),
    [
        (_complete_twice, False, StopCode.MULTIPLE_IRP_COMPLETE_REQUESTS),
        (_complete_freed, False, StopCode.MULTIPLE_IRP_COMPLETE_REQUESTS),
        (_send_without_location, False, StopCode.NO_MORE_IRP_STACK_LOCATIONS),
        (_free_twice, True, StopCode.MULTIPLE_IRP_COMPLETE_REQUESTS),
        (_free_twice, False, None),
        (_complete_without_thread, False, StopCode.IRQL_NOT_LESS_OR_EQUAL),
        (_call_a_routine_that_is_none, False, StopCode.KMODE_EXCEPTION_NOT_HANDLED),
    ],
)
def test_the_checks_that_stop_the_machine(
    act: Callable[[Kernel, int], None], type_check: bool, code: StopCode | None
) -> None:
    """Each STOP comes from a check of its own; a second free alone makes none."""
    kernel, irp = kernel_with_irp(Policies(type_check=type_check))
    if code is None:
        act(kernel, irp)
        assert kernel.ledger.double_free
        return
    with pytest.raises(BugCheckError) as stop:
        act(kernel, irp)
    assert stop.value.code is code


@pytest.mark.parametrize(
    ("act", "cause"),
    [
        (_complete_twice, "this IRP is complete already"),
        (_complete_freed, "this is no IRP, or a freed one"),
    ],
)
def test_stop_0x44_says_which_check_failed(act: Callable[[Kernel, int], None], cause: str) -> None:
    """A wrong CurrentLocation and a wrong Type are told apart."""
    kernel, irp = kernel_with_irp()
    with pytest.raises(BugCheckError, match=cause):
        act(kernel, irp)


@pytest.mark.parametrize("kind", [0, 5, 7, 0x0106, 0xFFFF])
@pytest.mark.parametrize("act", [complete, lambda kernel, irp: io_free_irp(kernel, irp, 0)])
def test_any_other_type_is_no_irp(act: Callable[[Kernel, int], None], kind: int) -> None:
    """Completing, or freeing where the policy checks, stops on every Type but IO_TYPE_IRP."""
    kernel, irp = kernel_with_irp(Policies(type_check=True))
    kernel.memory.write(irp, kind, 2)
    with pytest.raises(BugCheckError) as stop:
        act(kernel, irp)
    assert stop.value.code is StopCode.MULTIPLE_IRP_COMPLETE_REQUESTS


def test_no_other_status_stops_the_unwinding() -> None:
    """Whatever else a completion routine answers, the next one is called."""
    for answer in (STATUS_SUCCESS, STATUS_PENDING, STATUS_RANGE_NOT_LOCKED, 0xC0000015):
        kernel, irp = kernel_with_irp(TWO_LOCATIONS)
        calls: list[tuple[int, int]] = []
        kernel.load(routine(ADDRESS, answer, calls))
        kernel.load(routine(OTHER_ADDRESS, STATUS_MORE_PROCESSING_REQUIRED, calls))
        send(kernel, irp, (OTHER_ADDRESS, 1), (ADDRESS, 2))
        complete(kernel, irp)
        assert len(calls) == 2


@pytest.mark.parametrize("policies", [Policies(), TWO_LOCATIONS])
def test_an_irp_left_to_the_i_o_manager_is_freed_in_its_thread(policies: Policies) -> None:
    """With a thread set, the APC sets the event, stores the status and frees the IRP once."""
    kernel, irp = kernel_with_irp(policies)
    event, status_block = requester(0), requester(0) + 0x10
    layout = kernel.layouts.irp
    for _ in range(stack_count(kernel, irp)):
        move_stack_location(kernel, irp, -1)
    kernel.memory.write(irp + layout.thread, 0x80F61020)
    kernel.memory.write(irp + layout.user_event, event)
    kernel.memory.write(irp + layout.user_iosb, status_block)
    set_status(kernel, irp, STATUS_RANGE_NOT_LOCKED)
    complete(kernel, irp)
    assert kernel.memory.read(event + 4) == 1
    assert kernel.memory.read(status_block) == STATUS_RANGE_NOT_LOCKED
    assert kernel.free_irps.chain().entries[0] == irp
    assert kernel.ledger.frees == [(irp, event)]
    assert current_location(kernel, irp) == stack_count(kernel, irp) + 2


@pytest.mark.parametrize("worker", [0, 1])
def test_each_worker_leaves_its_irp_to_its_own_thread(worker: int) -> None:
    """The IRP's Thread is the thread object of the worker that sent it."""
    kernel, irp = kernel_with_irp()
    set_thread(kernel, Frame(IO_COMPLETE_REQUEST, irp=irp, context=requester(worker)))
    thread = kernel.memory.read(irp + kernel.layouts.irp.thread)
    assert thread == THREAD_OBJECTS + worker * THREAD_OBJECT_SIZE


def test_the_ledger_is_read_by_nobody_in_the_model() -> None:
    """Emptying the ledger at every step changes neither memory nor the STOP."""
    stops = []
    for forgetful in (False, True):
        kernel = running_machine(Policies(), VULNERABLE)
        irp = kernel.free_irps.allocate()
        initialize_irp(kernel, irp)
        for _ in range(3):
            io_free_irp(kernel, irp, 0)
            if forgetful:
                kernel.ledger.thaw(((), False, False))
                kernel.ledger.forget()
        stops.append(kernel.memory.freeze())
    assert stops[0] == stops[1]
