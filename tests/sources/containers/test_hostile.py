"""Whatever the bytes are, a container is opened and read, or refused with a sentence."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.containers import (
    QCOW2_HEADER,
    VDI_HEADER,
    disk_contents,
    qcow2_image,
    vdi_image,
    vhd_footer,
    vmdk_descriptor,
)
from ntscan.errors import SourceError
from ntscan.sources.containers.open import open_container
from ntscan.sources.containers.recognise import format_of
from ntscan.sources.containers.vmdk_descriptor import parse_descriptor

_DISK: Final = disk_contents(40_000)
_IMAGES: Final = (
    qcow2_image(_DISK, cluster_bits=9),
    qcow2_image(_DISK, cluster_bits=12, is_compressed=True),
    vdi_image(_DISK, block_size=4096),
    _DISK[:8192] + vhd_footer(8192),
)
_NUMBERS: Final = st.sampled_from([0, 1, 2, 0xFF, 1 << 15, 1 << 31, (1 << 32) - 1, (1 << 64) - 1])
# A place near the start, where the tables are; a number; its width; the byte order.
_EDIT: Final = st.tuples(
    st.integers(0, 2048), _NUMBERS, st.sampled_from([1, 4, 8]), st.sampled_from(["little", "big"])
)


@contextmanager
def _written(content: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "disk"
        path.write_bytes(content)
        yield path


def _open_and_read(content: bytes) -> None:
    """Open a container and read some of it; SourceError is the one error that it may raise."""
    refusal = ""
    with _written(content) as path:
        try:
            with open_container(path) as opened:
                for offset in (0, 511, 30_000, opened.size - 100):
                    assert len(opened.read_at(offset, 5000)) <= 5000
        except SourceError as error:
            refusal = str(error)
    assert str(path) not in refusal
    assert not refusal or refusal.startswith(("is ", "its ", "cannot "))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(_IMAGES), st.lists(_EDIT, min_size=1, max_size=4), st.integers(0, 50_000))
def test_damaged_containers(image: bytes, edits: list[tuple[int, int, int, str]], cut: int) -> None:
    """Damaged tables lead to right bytes, wrong bytes or SourceError; not to anything else."""
    damaged = bytearray(image)
    for at, number, width, order in edits:
        value = number & ((1 << 8 * width) - 1)
        damaged[at : at + width] = value.to_bytes(width, "big" if order == "big" else "little")
    _open_and_read(bytes(damaged[: len(damaged) - cut // 10]))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(
        [b"", b"QFI\xfb\0\0\0\2", b"QFI\xfb\0\0\0\3", bytes(64) + b"\x7f\x10\xda\xbe\1\0\1\0",
         b"conectix", b"vhdxfile", b"KDMV", b"# Disk DescriptorFile\n", b"EVF\x09\x0d\x0a\xff\0\1"]
    ),
    st.binary(max_size=1200),
)  # fmt: skip
def test_any_bytes_after_a_signature(signature: bytes, content: bytes) -> None:
    """A signature with anything behind it is opened, or refused."""
    _open_and_read(signature + content)


@given(st.binary(max_size=600), st.binary(max_size=512))
def test_any_bytes_to_recognise(head: bytes, tail: bytes) -> None:
    """Recognising never raises."""
    format_of(head, tail)


@given(
    st.lists(
        st.one_of(
            st.text(max_size=60),
            st.builds('RW {} FLAT "{}" {}'.format, st.integers(), st.text(), st.integers()),
        )
    )
)
def test_any_descriptor(lines: list[str]) -> None:
    """A descriptor names files beside it, or is refused."""
    try:
        extents = parse_descriptor(vmdk_descriptor(*lines))
    except SourceError:
        return
    for extent in extents:
        assert not set(extent.file_name) & set("/\\:\0")
        assert extent.file_name not in {".", ".."}
        assert 0 <= extent.size <= 64 << 40


@pytest.mark.parametrize(
    "build",
    [
        lambda: qcow2_image(b"NT", {"l1_size": 4 << 20, "size": 1 << 50}, cluster_bits=21),
        lambda: qcow2_image(b"NT", {"size": 1 << 60, "l1_size": 0xFFFFFFFF}),
        lambda: vdi_image(b"NT", {"cBlocks": 0xFFFFFFFF, "cbDisk": 1 << 51}),
    ],
)
def test_absurd_sizes_take_no_memory(build: Callable[[], bytes]) -> None:
    """Tables announced in gigabytes are not read into memory, and not believed."""
    tracemalloc = pytest.importorskip("tracemalloc")
    with _written(build()) as path:
        tracemalloc.start()
        with pytest.raises(SourceError):
            open_container(path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 1 << 20


def test_a_cluster_that_inflates_without_end() -> None:
    """No more is inflated of a compressed cluster than a cluster holds."""
    tracemalloc = pytest.importorskip("tracemalloc")
    image = qcow2_image(bytes(1 << 20) + b"\1" * (1 << 20), cluster_bits=21, is_compressed=True)
    header = QCOW2_HEADER.size
    smaller = qcow2_image(bytes(1 << 16), {"size": 1 << 16}, cluster_bits=16)[:header]
    entry_at = 2 << 21
    entry = int.from_bytes(image[entry_at : entry_at + 8], "big")
    start = entry & ((1 << 40) - 1)
    bomb = image[start : start + 4096]
    l2_at, data_at = 2 << 16, 3 << 16
    crafted = (
        smaller.ljust(1 << 16, b"\0")
        + l2_at.to_bytes(8, "big").ljust(1 << 16, b"\0")
        + (1 << 62 | 7 << 54 | data_at).to_bytes(8, "big").ljust(1 << 16, b"\0")
        + bomb
    )
    with _written(crafted) as path, open_container(path) as opened:
        tracemalloc.start()
        assert opened.read_at(0, 512) == bytes(512)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 1 << 19


def test_the_headers_are_as_long_as_they_should_be() -> None:
    """The builders lay the headers out as QEMU and VirtualBox do."""
    assert QCOW2_HEADER.size == 112
    assert VDI_HEADER.size == 72 + 400 - 16
