"""Servers under load: the article's sentences about frequency, as numbers."""

from itertools import islice

import pytest

from ntscan.drivermodel.policies import Allocator, Completion, Policies, Refusal
from ntscan.drivermodel.simulate import (
    REFUSALS_BOUND,
    Bounds,
    Distribution,
    Load,
    Row,
    distribution,
    run,
    simulate,
)
from ntscan.drivermodel.workload import Pattern, Workload, geometric, operation_of_unlock
from ntscan.vocabulary import Behaviour

FILTER = Policies(refusal=Refusal.FILTER)
UNLOCKING = [Pattern.SPARSE, Pattern.BURSTY, Pattern.SWEEPING]


def row(rate: float, pattern: Pattern = Pattern.SPARSE, runs: int = 40) -> Row:
    """A simulation of the vulnerable build."""
    load = Load(pattern=pattern, refusal_rate=rate, runs=runs)
    return simulate(Behaviour.VULNERABLE, FILTER, load)


@pytest.mark.parametrize("pattern", UNLOCKING)
@pytest.mark.parametrize("allocator", Allocator)
@pytest.mark.parametrize("completion", Completion)
@pytest.mark.parametrize("behaviour", Behaviour)
def test_leaving_out_what_cannot_matter_changes_nothing(
    pattern: Pattern, allocator: Allocator, completion: Completion, behaviour: Behaviour
) -> None:
    """Run by run, skipping gives the same refusal, the same STOP and the same operation."""
    policies = Policies(refusal=Refusal.FILTER, allocator=allocator, completion=completion)
    for seed in range(6):
        runs = [
            run(
                behaviour,
                policies,
                Workload(pattern, 0.2, f"{seed}"),
                bounds=Bounds(operations=1500, refusals=1500),
                skip=skip,
            )
            for skip in (True, False)
        ]
        assert runs[0] == runs[1]


@pytest.mark.parametrize("rate", [1e-6, 1e-3, 0.1, 0.5, 0.999])
@pytest.mark.parametrize("tries", [0, 1, 2, 10, 100])
def test_the_gap_between_refusals_is_geometric(rate: float, tries: int) -> None:
    """More than n unlocks pass with probability (1 - rate)^n, to the last draw."""
    survival = (1 - rate) ** tries
    if 1e-9 < survival < 1:
        assert geometric(1 - survival * (1 - 1e-9), rate) > tries
        assert geometric(1 - survival * (1 + 1e-9), rate) <= tries
    assert geometric(0.0, rate) == 1
    assert geometric(0.5, 1.0) == 1


@pytest.mark.parametrize("pattern", UNLOCKING)
def test_the_number_of_an_unlock_and_its_operation_agree(pattern: Pattern) -> None:
    """The operations that are unlocks are exactly those that the unlocks' numbers give."""
    workload = Workload(pattern, 1.0, "x")
    listed = [operation for operation in range(1, 9000) if workload.is_unlock(operation)]
    assert listed == [operation_of_unlock(pattern, n + 1) for n in range(len(listed))]
    assert list(islice(workload.refused(), 50)) == listed[:50]


@pytest.mark.parametrize(("rate", "every"), [(1.0, 1), (0.5, 2), (1e-3, 1000)])
def test_a_filter_may_refuse_on_a_pattern(rate: float, every: int) -> None:
    """Every n-th unlock is refused, whatever the seed."""
    workload = Workload(Pattern.SPARSE, rate, "any", regular=True)
    expected = [operation_of_unlock(Pattern.SPARSE, every * (n + 1)) for n in range(5)]
    assert list(islice(workload.refused(), 5)) == expected


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_without_unlocks_or_refusals_nothing_stops(rate: float) -> None:
    """The pattern none, and a rate of nothing, let the vulnerable build live."""
    pattern = Pattern.NONE if rate else Pattern.SPARSE
    result = row(rate, pattern, runs=3)
    assert (result.stopped, result.overall, result.stop_codes) == (0, None, ())


@pytest.mark.parametrize("pattern", UNLOCKING)
@pytest.mark.parametrize("rate", [1e-6, 1e-3, 1.0])
def test_the_fixed_build_lives(pattern: Pattern, rate: float) -> None:
    """A hundred refused unlocks do not stop the fixed build, at any rate and pattern."""
    load = Load(pattern=pattern, refusal_rate=rate, runs=2)
    result = simulate(Behaviour.FIXED, FILTER, load)
    assert result.stopped == 0
    assert result.operations >= 2 * REFUSALS_BOUND


@pytest.mark.parametrize("pattern", UNLOCKING)
def test_after_the_first_refusal_a_small_number_of_operations_is_enough(pattern: Pattern) -> None:
    """The median is small, whatever the rate: the article's first sentence."""
    for rate in (1e-6, 1e-2, 1.0):
        after = row(rate, pattern).after_first_refusal
        assert after is not None
        assert after.median < 150


def test_overall_it_depends_on_the_rate_and_on_the_pattern() -> None:
    """Very frequently or very rarely: the article's second sentence."""
    medians = [row(rate).overall for rate in (1.0, 1e-3, 1e-6)]
    values = [shown.median for shown in medians if shown]
    assert len(values) == 3
    assert 100 * values[0] < values[1]
    assert 100 * values[1] < values[2]
    sparse, sweeping = row(1e-3).overall, row(1e-3, Pattern.SWEEPING).overall
    assert sparse is not None
    assert sweeping is not None
    assert 5 * sweeping.median < sparse.median


def test_a_seed_repeats_a_simulation_and_another_does_not() -> None:
    """The same seed gives the same row; progress counts the runs."""
    finished: list[int] = []
    load = Load(pattern=Pattern.SPARSE, refusal_rate=0.01, runs=5, seed=7)
    first = simulate(Behaviour.VULNERABLE, FILTER, load, finished.append)
    assert first == simulate(Behaviour.VULNERABLE, FILTER, load)
    other = Load(pattern=Pattern.SPARSE, refusal_rate=0.01, runs=5, seed=8)
    assert first.overall != simulate(Behaviour.VULNERABLE, FILTER, other).overall
    assert finished == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], None),
        ([7], (7, 7, 7)),
        ([3, 1, 2], (1, 2, 3)),
        (list(range(100, 0, -1)), (5, 50, 95)),
        (list(range(1, 21)), (1, 10, 19)),
    ],
)
def test_percentiles_are_values_that_occurred(
    values: list[int], expected: tuple[int, int, int] | None
) -> None:
    """Nearest rank: no figure between two runs is made up."""
    shown = distribution(values)
    if expected is None:
        assert shown is None
    else:
        low, middle, high = expected
        assert shown == Distribution(percent_5=low, median=middle, percent_95=high)
