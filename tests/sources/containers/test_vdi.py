"""VDI is read as its block map says, and refused where that cannot be followed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.containers import vdi_image
from ntscan.errors import SourceError
from ntscan.sources.containers.disk_bytes import DiskBytes
from ntscan.sources.containers.open import open_container
from ntscan.sources.containers.vdi import parse_vdi_header

_BLOCK = 4096
_MAP_AT = 512


def _open(path: Path, image: bytes) -> DiskBytes:
    path.write_bytes(image)
    return open_container(path)


def _with_place(image: bytes, block: int, place: int) -> bytes:
    at = _MAP_AT + 4 * block
    return image[:at] + place.to_bytes(4, "little") + image[at + 4 :]


@pytest.mark.parametrize("block_size", [4096, 1 << 16, 1 << 20, 4 << 20])
@pytest.mark.parametrize("kind", [1, 2])
def test_blocks(
    tmp_path: Path,
    disk: bytes,
    differences: Callable[[DiskBytes], list[tuple[int, int]]],
    block_size: int,
    kind: int,
) -> None:
    """Blocks of every size are in place, those never written are zeros, the last one is cut."""
    with _open(
        tmp_path / "disk", vdi_image(disk, {"u32Type": kind}, block_size=block_size)
    ) as opened:
        assert opened.size == len(disk)
        assert differences(opened) == []


def test_blocks_out_of_order_and_discarded(tmp_path: Path) -> None:
    """A block is where the map says; one that was discarded is zeros."""
    image = vdi_image(b"".join(bytes([n]) * _BLOCK for n in (1, 2, 3)), block_size=_BLOCK)
    for block, place in enumerate((2, 0xFFFFFFFE, 0)):
        image = _with_place(image, block, place)

    with _open(tmp_path / "disk", image) as opened:
        assert opened.read_at(_BLOCK - 1, _BLOCK + 2) == b"\3" + bytes(_BLOCK) + b"\1"


def test_extra_bytes_before_each_block(tmp_path: Path) -> None:
    """The bytes that a product keeps before a block are no part of the disk."""
    image = vdi_image(b"\1" * _BLOCK + b"\2" * _BLOCK, {"cbBlockExtra": 512}, block_size=_BLOCK)
    data_at = _MAP_AT + 512
    spaced = image[:data_at] + b"".join(
        b"\xee" * 512 + image[at : at + _BLOCK] for at in (data_at, data_at + _BLOCK)
    )

    with _open(tmp_path / "disk", spaced) as opened:
        assert opened.read_at(_BLOCK - 1, 2) == b"\1\2"


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"u32Version": 1}, "version 0.1, and version 1 is read"),
        ({"u32Version": 0x00020000}, "version 2.0"),
        ({"u32Type": 3}, "differencing VDI"),
        ({"u32Type": 4}, "differencing VDI"),
        ({"uuidLinkage": b"\1"}, "differencing VDI"),
        ({"u32Type": 5}, "type 5"),
        ({"cbBlock": 0}, "damaged VDI"),
        ({"cbBlock": 4097}, "damaged VDI"),
        ({"cbBlock": 1 << 31}, "damaged VDI"),
        ({"cbBlockExtra": 0xFFFFFFFF}, "damaged VDI"),
        ({"cBlocks": 0}, "damaged VDI"),
        ({"cBlocks": 0xFFFFFFFF}, "block map is cut off"),
        ({"offBlocks": 0xFFFFFFFF}, "block map is cut off"),
        ({"cbDisk": 1 << 63}, "damaged VDI"),
    ],
)
def test_headers_that_are_refused(
    tmp_path: Path, header: dict[str, int | bytes], message: str
) -> None:
    """What is not read is refused when it is opened, and the reason is said."""
    with pytest.raises(SourceError, match=message):
        _open(tmp_path / "disk", vdi_image(b"NT" * 512, header, block_size=_BLOCK))


@pytest.mark.parametrize("length", [68, 200, 439])
def test_header_cut_off(length: int) -> None:
    """A header that is cut off anywhere is refused as truncated."""
    with pytest.raises(SourceError, match="truncated"):
        parse_vdi_header(vdi_image(b"NT")[:length])


@pytest.mark.parametrize(
    ("place", "off_data", "message"),
    [(1, 1024, "damaged VDI"), (0, 0xFFFFF000, "truncated or damaged"), (0, 1536, "is truncated")],
)
def test_blocks_that_lead_astray(tmp_path: Path, place: int, off_data: int, message: str) -> None:
    """A block that lies beyond the end of the file is an error, and never zeros."""
    image = vdi_image(b"\xff" * _BLOCK, {"offData": off_data}, block_size=_BLOCK)

    with (
        _open(tmp_path / "disk", _with_place(image, 0, place)) as opened,
        pytest.raises(SourceError, match=message),
    ):
        opened.read_at(0, _BLOCK)
