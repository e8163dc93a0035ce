"""An independent check: the same scene in Promela, searched by Spin, gives the same verdicts."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ntscan.drivermodel.builds import make_build
from ntscan.drivermodel.execution import Step
from ntscan.drivermodel.explore import explore
from ntscan.drivermodel.policies import Completion, Policies
from ntscan.drivermodel.sfm import free_irp, keep_irp, signal, wait, wait_if_pending

SCENE = Path(__file__).parent / "unlock.pml"
SPIN, COMPILER = shutil.which("spin"), shutil.which("gcc")
WAITS: dict[int, tuple[Step, ...]] = {0: (), 1: (wait_if_pending,), 2: (wait,)}


def spin_finds_errors(folder: Path, **definitions: int) -> bool:
    """Search the Promela scene with Spin; say whether it found an error in all its states."""
    assert SPIN is not None
    assert COMPILER is not None
    words = [f"-D{name}={value}" for name, value in definitions.items()]
    subprocess.run([SPIN, *words, "-a", SCENE], cwd=folder, check=True, capture_output=True)
    compile_words = [COMPILER, "-O1", "-w", "-o", "pan", "pan.c"]
    subprocess.run(compile_words, cwd=folder, check=True, capture_output=True)
    output = subprocess.run(
        [folder / "pan"], cwd=folder, check=True, capture_output=True, text=True
    ).stdout
    assert "max search depth too small" not in output
    found = re.search(r"errors: (\d+)", output)
    assert found is not None, output
    return found[1] != "0"


@pytest.mark.skipif(SPIN is None, reason="spin is not installed")
@pytest.mark.skipif(COMPILER is None, reason="gcc, which compiles Spin's search, is not installed")
@pytest.mark.parametrize(
    ("completion_frees", "allocator_frees", "waits", "pending", "safe"),
    [
        (2, 1, 1, False, False),
        (2, 1, 1, True, False),
        (2, 1, 0, True, False),
        (1, 1, 1, True, False),
        (2, 0, 1, True, False),
        (0, 3, 2, False, False),
        (1, 0, 1, False, True),
        (1, 0, 1, True, True),
        (0, 1, 2, False, True),
        (0, 1, 2, True, True),
        (0, 0, 2, True, False),
    ],
)
def test_spin_agrees(  # noqa: PLR0913, PLR0917  one parameter a column of the table
    tmp_path: Path,
    completion_frees: int,
    allocator_frees: int,
    waits: int,
    pending: bool,
    safe: bool,
) -> None:
    """Both searches call the same builds safe, and the same ones unsafe."""
    build = make_build(
        "from a table",
        completion=(*[free_irp] * completion_frees, signal, keep_irp),
        after_send=(*WAITS[waits], *[free_irp] * allocator_frees),
    )
    completion = Completion.PENDING if pending else Completion.IMMEDIATE
    result = explore(build, Policies(completion=completion))
    assert result.complete
    assert (not result.findings) is safe
    assert spin_finds_errors(
        tmp_path,
        COMPLETION_FREES=completion_frees,
        ALLOCATOR_FREES=allocator_frees,
        WAITS=waits,
        PENDING=int(pending),
    ) is (not safe)
