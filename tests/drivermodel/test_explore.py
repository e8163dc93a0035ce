"""Every order of events: what the vulnerable build reaches, and what no fixed one does."""

from pathlib import Path

import pytest

from ntscan.drivermodel.builds import (
    ALLOCATOR_FREES,
    COMPLETION_FREES,
    LEFT_WITH_THREAD,
    LEFT_WITHOUT_THREAD,
    VULNERABLE,
    VULNERABLE_WITHOUT_WAIT,
    Build,
    make_build,
)
from ntscan.drivermodel.explore import Bad, Exploration, Scene, explore
from ntscan.drivermodel.layouts import Platform
from ntscan.drivermodel.policies import Allocator, Completion, Policies, Refusal
from ntscan.drivermodel.sfm import keep_irp, wait_if_pending

SMALL = Scene(workers=1, requests=1)
SAFE = (COMPLETION_FREES, ALLOCATOR_FREES, LEFT_WITH_THREAD)


def bad(exploration: Exploration) -> set[str]:
    """What bad states were reached, STOPs by their number alone."""
    return {
        finding.what.split()[1] if finding.what.startswith("STOP") else finding.what
        for finding in exploration.findings
    }


@pytest.mark.parametrize("completion", Completion)
@pytest.mark.parametrize("allocator", Allocator)
@pytest.mark.parametrize("build", SAFE, ids=lambda build: build.name)
def test_no_order_of_events_harms_a_safe_build(
    build: Build, allocator: Allocator, completion: Completion
) -> None:
    """All states of two workers and another driver's request are visited, and none is bad."""
    result = explore(build, Policies(allocator=allocator, completion=completion))
    assert result.complete
    assert bad(result) == set()
    assert result.states > 1_000


@pytest.mark.parametrize(("build", "safe"), [(COMPLETION_FREES, True), (VULNERABLE, False)])
def test_alpha_gives_the_same_verdicts(build: Build, safe: bool) -> None:
    """With Alpha's derived layouts the same build is safe and the same one is not."""
    result = explore(build, Policies(platform=Platform.ALPHA), SMALL)
    assert result.complete
    assert (not result.findings) is safe


def test_the_documentation_carries_the_counts() -> None:
    """The states that docs/driver-model.md names are those that a search visits."""
    text = (Path(__file__).parents[2] / "docs" / "driver-model.md").read_text("utf-8")
    for build in (VULNERABLE, *SAFE, LEFT_WITHOUT_THREAD):
        states = explore(build, Policies()).states
        assert f"| {build.name} | {states:,} |" in text


@pytest.mark.parametrize("refusal", [Refusal.FILTER, Refusal.BYTE_RANGE_LOCKS])
def test_a_safe_build_is_safe_below_a_filter_and_among_locks(refusal: Refusal) -> None:
    """A second stack location, or locks as the cause, make no bad state."""
    result = explore(COMPLETION_FREES, Policies(refusal=refusal))
    assert (result.complete, bad(result)) == (True, set())


@pytest.mark.parametrize(
    ("build", "completion", "expected"),
    [
        (
            VULNERABLE,
            Completion.IMMEDIATE,
            {Bad.DOUBLE_FREE, Bad.LIST_CORRUPTED, "0x00000044"},
        ),
        (
            VULNERABLE_WITHOUT_WAIT,
            Completion.PENDING,
            {Bad.DOUBLE_FREE, Bad.LIST_CORRUPTED, "0x00000044"},
        ),
        (LEFT_WITHOUT_THREAD, Completion.IMMEDIATE, {"0x0000000A"}),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_an_unsafe_build_reaches_bad_states(
    build: Build, completion: Completion, expected: set[str]
) -> None:
    """One worker and one other request are enough for the corruption and for a STOP."""
    result = explore(build, Policies(completion=completion), SMALL)
    assert result.complete
    assert expected <= bad(result)


def test_two_workers_reach_every_stop() -> None:
    """With two unlocks an IRP gets two owners, and the list is followed out of memory."""
    reached = {Bad.TWO_OWNERS, "0x00000044", "0x0000001E", "0x00000035", "0x0000000A"}
    assert reached <= bad(explore(VULNERABLE, Policies()))


def test_the_pool_meets_a_damaged_header() -> None:
    """Freed into the pool twice, a block's header contradicts its neighbours: 0x19."""
    assert "0x00000019" in bad(explore(VULNERABLE, Policies(allocator=Allocator.POOL)))


def test_a_lost_wakeup_and_a_leak_are_bad() -> None:
    """A completion routine that neither frees nor signals leaves a worker waiting."""
    forgetful = make_build("forgetful", completion=(keep_irp,), after_send=(wait_if_pending,))
    pending = explore(forgetful, Policies(completion=Completion.PENDING), SMALL)
    immediate = explore(forgetful, Policies(), SMALL)
    assert bad(pending) == {Bad.WAITS_FOREVER}
    assert bad(immediate) == {Bad.LEAK}


@pytest.mark.parametrize("build", [VULNERABLE, COMPLETION_FREES], ids=lambda build: build.name)
def test_a_search_that_was_cut_says_so(build: Build) -> None:
    """Beyond the bound nothing is claimed; what was found before it stands."""
    result = explore(build, Policies(), Scene(states=500))
    assert not result.complete
    assert 500 < result.states < 600


def test_a_trace_is_the_shortest_and_ends_in_the_bad_state() -> None:
    """Traces are played again from the start, and end with what they lead to."""
    result = explore(VULNERABLE, Policies(), SMALL)
    by_name = {finding.what: finding for finding in result.findings}
    stops = [finding for name, finding in by_name.items() if name.startswith("STOP")]
    assert all(stop.trace[-1].partition(" ")[2].startswith(stop.what) for stop in stops)
    double = by_name[Bad.DOUBLE_FREE]
    assert "free 2 of this IRP" in double.trace[-1]
    assert sum("IoFreeIrp" in line for line in double.trace) == 2
    assert double.steps <= min(stop.steps for stop in stops)


@pytest.mark.parametrize("build", [VULNERABLE, ALLOCATOR_FREES], ids=lambda build: build.name)
def test_taking_private_steps_at_once_loses_nothing(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same bad states are reached where every step stands alone, in more states."""
    policies = Policies(completion=Completion.PENDING)
    brief = explore(build, policies, SMALL)
    monkeypatch.setattr("ntscan.drivermodel.state_store.PRIVATE_STEPS", set())
    whole = explore(build, policies, SMALL)
    assert bad(brief) == bad(whole)
    assert brief.states < whole.states


def test_an_exploration_repeats_itself() -> None:
    """Two searches are equal, traces included, and tell how far they are."""
    counts: list[int] = []
    scene = Scene(workers=1, requests=2)
    first = explore(VULNERABLE, Policies(), scene, progress=counts.append)
    assert first == explore(VULNERABLE, Policies(), scene)
    assert counts == sorted(counts)
    assert counts
