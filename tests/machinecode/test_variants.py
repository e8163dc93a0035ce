"""Every test driver, on both machines and at each optimization, gets the grade that it deserves."""

from pathlib import Path

import pytest

from fixtures.drivers.compile import (
    TARGETS,
    Optimization,
    Target,
    compile_driver,
    lacking,
)
from fixtures.drivers.variants import VARIANTS, Frees, Variant
from ntscan.machinecode.trace import trace
from ntscan.machinecode.traced import FreedBy, IrpTrace
from ntscan.vocabulary import Grade


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the compilers write."""
    return tmp_path_factory.mktemp("drivers")


def frees_of(irp: IrpTrace) -> Frees:
    """Count the frees of one IRP by who made them."""
    by = [site.by for site in irp.free_sites]
    return Frees(
        completion=by.count(FreedBy.COMPLETION),
        caller=by.count(FreedBy.CALLER),
        deferred=by.count(FreedBy.DEFERRED),
        io_manager=by.count(FreedBy.IO_MANAGER),
    )


@pytest.mark.parametrize("optimization", Optimization)
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_a_driver_gets_its_grade(
    variant: Variant, target: Target, optimization: Optimization, folder: Path
) -> None:
    """The grade is the table's; the IRPs that decide it were freed as the source frees them."""
    if lack := lacking(target):
        pytest.skip(lack)
    result = trace(compile_driver(variant, target, optimization, folder))

    assert result.grade is variant.grade, result.reason
    if variant.frees is not None:
        assert variant.frees in {frees_of(irp) for irp in result.irps}
    if result.grade is Grade.OBSERVED:
        assert all(
            irp.natural and irp.clean_return and irp.fast_io_answer is False
            for irp in result.irps
            if frees_of(irp) == variant.frees
        )
