"""What one refused unlock does, in the vulnerable and in the fixed build."""

import pytest

from ntscan.drivermodel.bugcheck import Irql
from ntscan.drivermodel.builds import LEFT_WITH_THREAD
from ntscan.drivermodel.demonstrate import demonstrate, record
from ntscan.drivermodel.layouts import Platform
from ntscan.drivermodel.policies import Allocator, Completion, Policies, Refusal
from ntscan.vocabulary import Behaviour

GIVEN_BACK = "A packet is given back more often than it was taken"
SHARED = "the same packet is given to two requests"
NO_MEMORY = "the list of free packets points to where no memory is"
PASSIVE, DISPATCH = Irql.PASSIVE_LEVEL, Irql.DISPATCH_LEVEL


@pytest.mark.parametrize(
    ("policies", "operations", "stop_code"),
    [
        (Policies(), 3, "0x0000001E"),
        (Policies(traffic_irql=DISPATCH), 3, "0x0000000A"),
        (Policies(completion=Completion.PENDING), 3, "0x0000001E"),
        (Policies(refusal=Refusal.FILTER), 3, "0x0000001E"),
        (Policies(refusal=Refusal.BYTE_RANGE_LOCKS), 3, "0x0000001E"),
        (Policies(platform=Platform.ALPHA), 3, "0x0000001E"),
        # The pool's free lists are doubly linked: unlinking writes through the overwritten Flink
        # one allocation earlier, and at DISPATCH_LEVEL, whoever allocates.
        (Policies(allocator=Allocator.POOL), 2, "0x0000000A"),
    ],
)
def test_three_frees_stop_the_machine(policies: Policies, operations: int, stop_code: str) -> None:
    """One IRP freed three times stops the machine within a few outstanding operations."""
    result = demonstrate(Behaviour.VULNERABLE, policies)
    assert (result.allocations, result.frees, result.double_free) == (1, 3, True)
    assert (result.io_operations_until_stop, result.stop_code) == (operations, stop_code)


def test_a_type_check_stops_at_the_second_free() -> None:
    """Where IoFreeIrp checks the IRP's Type, the link that overlays it stops the second free."""
    result = demonstrate(Behaviour.VULNERABLE, Policies(type_check=True))
    assert (result.frees, result.io_operations_until_stop) == (2, 0)
    assert result.stop_code == "0x00000044"
    assert result.ending == "STOP 0x00000044 before it is done"


@pytest.mark.parametrize("allocator", Allocator)
@pytest.mark.parametrize("completion", Completion)
@pytest.mark.parametrize("type_check", [False, True])
@pytest.mark.parametrize("platform", Platform)
def test_the_fixed_build_survives(
    allocator: Allocator, completion: Completion, type_check: bool, platform: Platform
) -> None:
    """The fixed build frees its IRP once and the machine goes on, under every policy."""
    result = demonstrate(
        Behaviour.FIXED,
        Policies(
            allocator=allocator, completion=completion, type_check=type_check, platform=platform
        ),
    )
    assert (result.allocations, result.frees, result.double_free) == (1, 1, False)
    assert (result.io_operations_until_stop, result.stop_code) == (None, None)


def test_fast_io_needs_no_irp() -> None:
    """Where FastIoUnlockSingle answers TRUE, the vulnerable build allocates and frees nothing."""
    result = demonstrate(Behaviour.VULNERABLE, Policies(refusal=Refusal.NOTHING))
    assert (result.allocations, result.frees, result.double_free) == (0, 0, False)
    assert result.stop_code is None


@pytest.mark.parametrize(
    ("refusal", "answer"),
    [
        (Refusal.NOTHING, "it answers TRUE"),
        (Refusal.OPLOCK, "it answers FALSE: an oplock"),
        (Refusal.BYTE_RANGE_LOCKS, "it answers FALSE: other byte-range locks"),
        (Refusal.FILTER, "it answers FALSE: a filter driver"),
    ],
)
def test_the_trace_says_why_fast_io_was_refused(refusal: Refusal, answer: str) -> None:
    """The answer of FastIoUnlockSingle is told with its cause."""
    trace = demonstrate(Behaviour.VULNERABLE, Policies(refusal=refusal)).trace
    assert any(answer in line for line in trace)


def test_the_trace_shows_the_list_turning_on_itself() -> None:
    """The trace tells the frees in order, with the list after each."""
    trace = demonstrate(Behaviour.VULNERABLE).trace
    frees = [line for line in trace if "IoFreeIrp" in line]
    assert ["free 1" in frees[0], "free 2" in frees[1], "free 3" in frees[2]] == [True] * 3
    assert "and round again" not in frees[0]
    assert "and round again" in frees[1]
    assert [int(line.split(".")[0]) for line in trace] == list(range(1, len(trace) + 1))


def test_two_frees_are_the_completion_routines_and_one_is_the_allocating_routines() -> None:
    """Who made each free, in order: the article's sentence."""
    frees = [line for line in demonstrate(Behaviour.VULNERABLE).trace if "IoFreeIrp" in line]
    makers = [line.partition(" in SFM's ")[2].partition(":")[0] for line in frees]
    assert makers == ["unlock completion routine", "unlock completion routine", "unlock routine"]


@pytest.mark.parametrize(
    ("behaviour", "policies", "words"),
    [
        (
            Behaviour.VULNERABLE,
            Policies(),
            f"{GIVEN_BACK}; {SHARED}; {NO_MEMORY}; the machine stops.",
        ),
        (
            Behaviour.VULNERABLE,
            Policies(type_check=True),
            f"{GIVEN_BACK}; the machine stops.",
        ),
        (
            Behaviour.FIXED,
            Policies(),
            "No packet is given back twice; the machine goes on.",
        ),
    ],
)
def test_a_lay_reader_is_told_what_happened(
    behaviour: Behaviour, policies: Policies, words: str
) -> None:
    """The sentence follows from the ledger and the list, not from the build's name."""
    assert record(behaviour, policies).in_plain_words == words


@pytest.mark.parametrize(
    ("refusal", "heading"),
    [
        (Refusal.OPLOCK, "One refused unlock, vulnerable build"),
        (Refusal.NOTHING, "One unlock that Fast I/O takes, vulnerable build"),
    ],
)
def test_the_heading_says_whether_the_unlock_was_refused(refusal: Refusal, heading: str) -> None:
    """Nothing is called refused that was not."""
    assert demonstrate(Behaviour.VULNERABLE, Policies(refusal=refusal)).heading == heading


@pytest.mark.parametrize("depth", [3, 8])
def test_the_assumptions_name_the_choices_of_the_run(depth: int) -> None:
    """The depth of the list, and which way of freeing once was chosen, among them."""
    chosen = demonstrate(Behaviour.FIXED, Policies(lookaside_depth=depth)).assumptions
    assert any(f"list that keeps {depth}," in sentence for sentence in chosen)
    assert any("not published" in sentence for sentence in chosen)
    vulnerable = demonstrate(Behaviour.VULNERABLE).assumptions
    assert not any("not published" in sentence for sentence in vulnerable)


def test_the_trace_shows_the_list_wherever_it_changes() -> None:
    """Each allocation, initialisation and free is told with the list after it."""
    for line in demonstrate(Behaviour.VULNERABLE).trace:
        changes = any(f" {name}" in line for name in ("IoAllocateIrp", "IoInit", "IoFreeIrp("))
        assert ("; free IRPs: " in line) is (changes or line.startswith("1. "))


def test_the_trace_says_when_an_irp_gets_a_second_owner() -> None:
    """The second of the overlapping operations is given the IRP that the first one holds."""
    trace = demonstrate(Behaviour.VULNERABLE).trace
    allocations = [line for line in trace if "IoAllocateIrp" in line]
    shared = ["which another requester holds" in line for line in allocations]
    assert shared == [False, False, True]


def test_the_trace_shows_the_list_after_the_i_o_manager_freed_the_irp() -> None:
    """An IRP left to the I/O manager is freed in its thread, and told with the list after it."""
    recording = record(Behaviour.FIXED, Policies(), LEFT_WITH_THREAD)
    (line,) = [line for line in recording.demonstration.trace if "in the thread's APC" in line]
    assert "; free IRPs: 0x" in line
    assert recording.demonstration.stop_code is None


@pytest.mark.parametrize("behaviour", Behaviour)
def test_a_demonstration_repeats_itself(behaviour: Behaviour) -> None:
    """Two demonstrations are equal to the last byte of the trace."""
    assert demonstrate(behaviour) == demonstrate(behaviour)
