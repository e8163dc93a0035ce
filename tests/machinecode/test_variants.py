"""Every test driver, on both machines and at each optimization, gets the grade that it deserves."""

from collections.abc import Iterator
from concurrent.futures import Future
from itertools import product
from pathlib import Path

import pytest

from fixtures.drivers.compile import (
    ALPHA_EV4,
    ALPHA_EV56,
    I386,
    Optimization,
    Target,
    compile_driver,
    image_name,
    lacking,
)
from fixtures.drivers.traces import Recipe, traces
from fixtures.drivers.variants import VARIANTS, Frees
from ntscan.machinecode import Budget, FreedBy, IrpTrace, Trace, trace
from ntscan.vocabulary import Grade

#: Of the second Alpha, one optimization: its instructions are held against qemu elsewhere.
RECIPES = (
    *product(VARIANTS, (I386, ALPHA_EV4), Optimization),
    *product(VARIANTS, (ALPHA_EV56,), (Optimization.SPEED,)),
)
TEST = "test_a_driver_gets_its_grade"


def frees_of(irp: IrpTrace) -> Frees:
    """Count the frees of one IRP by who made them."""
    by = [site.by for site in irp.free_sites]
    return Frees(
        completion=by.count(FreedBy.COMPLETION),
        caller=by.count(FreedBy.CALLER),
        deferred=by.count(FreedBy.DEFERRED),
        io_manager=by.count(FreedBy.IO_MANAGER),
    )


@pytest.fixture(scope="module")
def results(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[Recipe, Future[Trace]]]:
    """The traces of all drivers that this run asks for, while they are being made."""
    asked = {item.name for item in request.session.items if item.path == request.path}
    possible = [
        recipe
        for recipe in RECIPES
        if f"{TEST}[{image_name(*recipe)}]" in asked and not lacking(recipe[1])
    ]
    with traces(possible, tmp_path_factory.mktemp("drivers")) as found:
        yield found


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: image_name(*recipe))
def test_a_driver_gets_its_grade(recipe: Recipe, results: dict[Recipe, Future[Trace]]) -> None:
    """The grade is the table's; the IRPs that decide it were freed as the source frees them."""
    variant, target, _ = recipe
    if lack := lacking(target):
        pytest.skip(lack)
    result = results[recipe].result()

    assert result.grade is variant.grade, result.reason
    if variant.frees is not None:
        shown = [irp for irp in result.irps if frees_of(irp) == variant.frees]
        assert shown, [frees_of(irp) for irp in result.irps]
        if result.grade is Grade.OBSERVED:
            assert all(irp.natural and irp.clean_return for irp in shown)
            assert all(irp.fast_io_answer is False for irp in shown)


@pytest.mark.parametrize("target", [I386, ALPHA_EV4], ids=lambda target: target.name)
@pytest.mark.parametrize("name", ["by_argument", "by_variable"])
def test_a_search_cut_short_shows_no_defect_of_a_right_driver(
    name: str, target: Target, tmp_path: Path
) -> None:
    """However little is spent: what was not run may be what shows that it is right."""
    if lack := lacking(target):
        pytest.skip(lack)
    variant = next(variant for variant in VARIANTS if variant.name == name)
    image = compile_driver(variant, target, Optimization.NONE, tmp_path)

    grades = {
        trace(image, Budget(instructions=instructions, seconds=600)).grade
        for instructions in range(5_000, 100_000, 5_000)
    }

    assert grades <= {Grade.INCONCLUSIVE, Grade.OBSERVED_OTHER}
