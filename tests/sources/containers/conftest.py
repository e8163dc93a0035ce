"""The disk that every container here holds, and the tools that make containers of it."""

import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.containers import disk_contents
from ntscan.sources.containers.disk_bytes import DiskBytes

#: An odd number of sectors, so that the last cluster, grain or block is not a whole one.
DISK_SIZE = (3 << 20) + 77 * 512

Tool = Callable[..., None]


@pytest.fixture(scope="session")
def disk() -> bytes:
    """The bytes of a disk of 3 MB; its second MB was never written."""
    written = disk_contents(DISK_SIZE)
    return written[: 1 << 20] + bytes(1 << 20) + written[2 << 20 :]


@pytest.fixture
def raw(disk: bytes, tmp_path: Path) -> Path:
    """The disk as a raw file in a folder of its own."""
    path = tmp_path / "raw" / "disk.raw"
    path.parent.mkdir()
    path.write_bytes(disk)
    return path


@pytest.fixture
def qemu_img() -> Tool:
    """Run qemu-img with these arguments."""
    return _tool("qemu-img", "qemu-utils")


@pytest.fixture
def ewfacquire(raw: Path) -> Tool:
    """Run ewfacquire with these arguments on the raw file."""
    run = _tool("ewfacquire", "ewf-tools")
    return lambda *arguments: run("-u", "-q", *arguments, raw)


@pytest.fixture
def differences(disk: bytes) -> Callable[[DiskBytes], list[tuple[int, int]]]:
    """Return the (offset, length) at which an open container does not hold the disk."""
    chance = random.Random(7)  # noqa: S311  repeatable places, no secret
    asked = [(0, 1), (0, DISK_SIZE), (DISK_SIZE - 1, 1), ((1 << 20) - 5, 10), ((2 << 20) - 5, 10)]
    asked += [(chance.randrange(DISK_SIZE), chance.randrange(1, 100_000)) for _ in range(60)]
    asked += [(chance.randrange(DISK_SIZE // 512) * 512, 512) for _ in range(60)]

    def compare(container: DiskBytes) -> list[tuple[int, int]]:
        return [
            (offset, length)
            for offset, length in asked
            if container.read_at(offset, length)[: DISK_SIZE - offset]
            != disk[offset : offset + length]
        ]

    return compare


def _tool(name: str, package: str) -> Tool:
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"lacks {name} (package {package})")

    def run(*arguments: str | Path) -> None:
        subprocess.run([program, *map(str, arguments)], check=True, capture_output=True)

    return run
