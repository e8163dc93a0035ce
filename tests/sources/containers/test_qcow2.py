"""QCOW2 is read as its tables say, and refused where they cannot be followed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.containers import QCOW2_HEADER, disk_contents, qcow2_image
from ntscan.errors import SourceError
from ntscan.sources.containers.disk_bytes import DiskBytes
from ntscan.sources.containers.open import open_container
from ntscan.sources.containers.qcow2_header import parse_qcow2_header

_CLUSTER = 1 << 16
_L2_AT = 2 * _CLUSTER


def _open(path: Path, image: bytes) -> DiskBytes:
    path.write_bytes(image)
    return open_container(path)


def _with_entry(image: bytes, at: int, entry: int) -> bytes:
    return image[:at] + entry.to_bytes(8, "big") + image[at + 8 :]


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("is_compressed", [False, True])
@pytest.mark.parametrize("cluster_bits", [9, 12, 16, 21])
def test_clusters(  # noqa: PLR0913  a case and the fixtures it needs
    *,
    tmp_path: Path,
    disk: bytes,
    differences: Callable[[DiskBytes], list[tuple[int, int]]],
    version: int,
    is_compressed: bool,
    cluster_bits: int,
) -> None:
    """Clusters of every size are in place, those never written are zeros, the last one is cut."""
    image = qcow2_image(
        disk, {"version": version}, cluster_bits=cluster_bits, is_compressed=is_compressed
    )

    with _open(tmp_path / "disk", image) as opened:
        assert opened.size == len(disk)
        assert differences(opened) == []


def test_zero_flag(tmp_path: Path) -> None:
    """A cluster marked as zeros is zeros, though it has a place in the file; version 2 has none."""
    disk = b"\xaa" * (2 * _CLUSTER)
    image = _with_entry(qcow2_image(disk), _L2_AT, 3 * _CLUSTER | 1)
    image_2 = _with_entry(qcow2_image(disk, {"version": 2}), _L2_AT, 3 * _CLUSTER | 1)

    with _open(tmp_path / "disk", image) as opened:
        assert opened.read_at(_CLUSTER - 2, 4) == b"\0\0\xaa\xaa"
    with (
        _open(tmp_path / "disk", image_2) as opened,
        pytest.raises(SourceError, match="damaged QCOW2"),
    ):
        opened.read_at(0, 1)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"version": 1}, "version 1, and versions 2 and 3 are read; convert"),
        ({"version": 4}, "version 4"),
        ({"backing_file_offset": 600}, "backing file"),
        ({"crypt_method": 1}, "encrypted"),
        ({"crypt_method": 2}, "encrypted"),
        ({"incompatible_features": 1}, "not closed properly"),
        ({"incompatible_features": 2}, "marked corrupt"),
        ({"incompatible_features": 4}, "external file"),
        ({"incompatible_features": 8, "compression_type": 1}, "not compressed with zlib"),
        ({"incompatible_features": 16}, "extended L2"),
        ({"incompatible_features": 1 << 40}, "not known here"),
        ({"compression_type": 1}, "damaged header"),
        ({"cluster_bits": 8}, "clusters are of 2"),
        ({"cluster_bits": 22}, "clusters are of 2"),
        ({"cluster_bits": 0xFFFFFFFF}, "clusters are of 2"),
        ({"l1_size": 0}, "table of 0 entries"),
        ({"l1_size": (4 << 20) + 1}, "does not fit"),
        ({"l1_size": 4 << 20}, "beyond its end"),
        ({"size": 1 << 63}, "does not fit"),
        ({"l1_table_offset": 512}, "misplaced"),
        ({"l1_table_offset": 1 << 62}, "beyond its end"),
    ],
)
def test_headers_that_are_refused(
    tmp_path: Path, header: dict[str, int | bytes], message: str
) -> None:
    """What is not read is refused when it is opened, and the reason is said."""
    with pytest.raises(SourceError, match=message):
        _open(tmp_path / "disk", qcow2_image(b"NT" * 512, header))


@pytest.mark.parametrize("length", [0, 4, 7, 71, 103])
def test_header_cut_off(length: int) -> None:
    """A header that is cut off anywhere is refused as truncated."""
    with pytest.raises(SourceError, match="truncated"):
        parse_qcow2_header(qcow2_image(b"")[:length])


@pytest.mark.parametrize(
    ("at", "entry", "message"),
    [
        (_CLUSTER, 1 << 40, "truncated or damaged"),  # the L2 table lies beyond the end
        (_CLUSTER, _L2_AT + 512, "amid another"),
        (_L2_AT, 1 << 40, "truncated or damaged"),
        (_L2_AT, 3 * _CLUSTER + 512, "amid another"),
        (_L2_AT, 1 << 62 | 3 * _CLUSTER, "does not inflate"),
        (_L2_AT, 1 << 62 | 1 << 50, "inflates to 0 bytes"),
    ],
)
def test_entries_that_lead_astray(tmp_path: Path, at: int, entry: int, message: str) -> None:
    """An entry that leads out of the file or amid a cluster is an error, and never zeros."""
    image = _with_entry(qcow2_image(b"\xff" * _CLUSTER), at, entry)

    with _open(tmp_path / "disk", image) as opened, pytest.raises(SourceError, match=message):
        opened.read_at(0, 512)


def test_compressed_cluster_that_is_too_small(tmp_path: Path) -> None:
    """Compressed data that ends before its cluster does is an error."""
    small = qcow2_image(disk_contents(512), cluster_bits=9, is_compressed=True)
    image = qcow2_image(bytes(1024), cluster_bits=10)[:1024] + bytes(1024)
    entry = 1 << 62 | (3 << 10)
    image = _with_entry(image, 1024, 2 << 10) + entry.to_bytes(8, "big") + bytes(1016)

    with (
        _open(tmp_path / "disk", image[: 3 << 10] + small[1536:]) as opened,
        pytest.raises(SourceError, match=r"inflates to 512 bytes and not to 1,024"),
    ):
        opened.read_at(0, 1)


def test_file_cut_off(tmp_path: Path) -> None:
    """Where the file is cut off in a cluster, what is before can be read, and no more."""
    image = qcow2_image(b"\xff" * (2 * _CLUSTER))

    with _open(tmp_path / "disk", image[:-512]) as opened:
        assert opened.read_at(_CLUSTER, 512) == b"\xff" * 512
        with pytest.raises(SourceError, match="is truncated"):
            opened.read_at(0, 2 * _CLUSTER)


def test_header_without_the_later_fields(tmp_path: Path) -> None:
    """A header of version 3 as first laid down, of 104 bytes, has no compression type."""
    image = qcow2_image(b"NT" * 256, {"header_length": 104, "compression_type": 7})

    with _open(tmp_path / "disk", image) as opened:
        assert opened.read_at(0, 512) == b"NT" * 256
    assert QCOW2_HEADER.size == 112
