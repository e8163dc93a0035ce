"""A driver without a place that allocates IRPs is answered at once, and little is loaded for it."""

import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.pe_image import build_pe_image
from fixtures.sfmsrv import PUBLISHED_BUILDS, PublishedBuild
from ntscan.machinecode import trace
from ntscan.vocabulary import Grade

DRIVER = Path(__file__).parent / "images" / "article-i386-O2.sys"
#: Traces the image that it is given, and says what of the program was loaded for that.
PROGRAM = """
import sys
from ntscan.machinecode import trace
trace(sys.stdin.buffer.read())
print(*(name for name in sys.modules if name.startswith("ntscan.machinecode.")))
"""
ONLY_TO_RUN = {"runner", "machines", "grading", "kernel", "search", "alpha.processor"}
ONLY_TO_RUN |= {"i386.processor", "i386.decode", "alpha.decoder"}


@pytest.mark.parametrize("build", PUBLISHED_BUILDS, ids=lambda build: build.name)
def test_an_image_without_an_allocation_is_inconclusive(build: PublishedBuild) -> None:
    """These import IoAllocateIrp, and no code of theirs calls it."""
    result = trace(build_pe_image(build.recipe))
    assert (result.grade, result.reason, result.instructions) == (
        Grade.INCONCLUSIVE,
        "It has no code that was found to allocate an IRP.",
        0,
    )


def test_what_runs_code_is_loaded_only_for_a_driver_that_has_some_to_run() -> None:
    """A scan of many drivers that allocate nothing pays for no interpreter."""
    nothing_to_run = loaded_for(build_pe_image(PUBLISHED_BUILDS[0].recipe))
    assert ONLY_TO_RUN & nothing_to_run == set()
    assert ONLY_TO_RUN - loaded_for(DRIVER.read_bytes()) == set()


def loaded_for(image: bytes) -> set[str]:
    """Trace an image in a process of its own; return what was loaded for it."""
    names = subprocess.check_output([sys.executable, "-c", PROGRAM], input=image).decode()
    return {name.removeprefix("ntscan.machinecode.") for name in names.split()}
