"""Compiled images that are kept, a real driver, and what one changed instruction does."""

from importlib.metadata import files
from itertools import product
from pathlib import Path

import pytest

from fixtures.drivers.compile import TARGETS, Optimization, image_name
from fixtures.drivers.variants import VARIANTS
from ntscan.errors import ImageError
from ntscan.machinecode import FreedBy, trace
from ntscan.vocabulary import Grade

IMAGES = Path(__file__).parent / "images"
VARIANT_OF = {image_name(*recipe): recipe[0] for recipe in product(VARIANTS, TARGETS, Optimization)}


@pytest.mark.parametrize("file", sorted(IMAGES.glob("*.sys")), ids=lambda file: file.stem)
def test_a_kept_image_gets_its_grade(file: Path) -> None:
    """Without any compiler: the grade is the one of the variant that the image is named by."""
    result = trace(file.read_bytes())
    assert result.grade is VARIANT_OF[file.name].grade, result.reason
    assert result.unmodelled == ()


@pytest.mark.parametrize(
    ("image", "offset", "before", "after"),
    [
        # "if (!Freed)" becomes "if (Freed)": jne to je.
        ("flag-i386-Os.sys", 0x3BA, "75 10", "74 10"),
        # The completion routine frees whatever count is left: bgt to a no-operation.
        ("references_interlocked-alpha-ev4-O2.sys", 0x540, "06 00 20 fc", "1f 04 ff 47"),
    ],
)
def test_one_changed_instruction_that_doubles_a_free_is_found(
    image: str, offset: int, before: str, after: str
) -> None:
    """A driver that is clean becomes one whose IRP both routines free; its grade says so."""
    safe = (IMAGES / image).read_bytes()
    old, new = bytes.fromhex(before), bytes.fromhex(after)
    assert safe[offset : offset + len(old)] == old
    changed = safe[:offset] + new + safe[offset + len(old) :]

    assert trace(safe).grade is Grade.CLEAN
    result = trace(changed)
    assert result.grade is Grade.OBSERVED
    assert (FreedBy.COMPLETION, FreedBy.CALLER) in {
        tuple(site.by for site in irp.free_sites) for irp in result.irps
    }


def _windivert(name: str) -> bytes:
    """Find a file of the package without importing it, which fails outside Windows."""
    (path,) = (file.locate() for file in files("pydivert") or () if file.name == name)
    return Path(str(path)).read_bytes()


def test_a_real_driver_without_irps_shows_nothing() -> None:
    """WinDivert32.sys, which nobody here wrote, allocates no IRP: inconclusive, not clean."""
    result = trace(_windivert("WinDivert32.sys"))
    assert (result.grade, result.irps) == (Grade.INCONCLUSIVE, ())


def test_a_real_driver_of_another_machine_is_refused() -> None:
    """Code for a machine that is not interpreted is an error that names it."""
    with pytest.raises(ImageError, match="amd64"):
        trace(_windivert("WinDivert64.sys"))
