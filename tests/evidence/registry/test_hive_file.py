"""What libregf is given of a hive: bytes from any place, and never a list without end."""

import io
import os
import struct
import time
from typing import Final

import pytest

from fixtures.hive_base_block import with_checksum
from fixtures.registry_data import Tree, reg_binary, reg_dword
from fixtures.registry_hive import build_hive
from ntscan.errors import RegistryError, SourceError
from ntscan.evidence.registry.base_block import read_base_block
from ntscan.evidence.registry.hive import RegistryHive
from ntscan.evidence.registry.hive_file import (
    BIN_LIMIT,
    CELL_LIMIT,
    LEAF_LIMIT,
    LEAVES_LIMIT,
    VALUES_LIMIT,
    HiveFile,
)

_HIVE: Final = build_hive({"Select": {"Current": reg_dword(1)}})
_SECONDS: Final = 5


@pytest.mark.parametrize(
    ("offset", "whence", "place"),
    [
        (0, os.SEEK_SET, 0),
        (5000, os.SEEK_SET, 5000),
        (0, os.SEEK_CUR, 4100),
        (-100, os.SEEK_CUR, 4000),
        (0, os.SEEK_END, 8192),
        (-4, os.SEEK_END, 8188),
        (10, os.SEEK_END, 8202),
    ],
)
def test_a_place_counts_from_the_start_from_the_place_before_or_from_the_end(
    offset: int, whence: int, place: int
) -> None:
    """The end is the hive's, also where the file goes on; what is read moves the place."""
    file = HiveFile(io.BytesIO(_HIVE + b"tail"), read_base_block(io.BytesIO(_HIVE)))
    file.seek(4096)
    assert file.read(4) == b"hbin"
    assert file.seek(offset, whence) == file.tell() == place
    assert file.read(4) == (_HIVE + b"tail")[place : place + 4]
    assert file.tell() == min(place + 4, max(place, 8196))
    assert file.get_size() == 8192


def test_looking_elsewhere_leaves_libregf_where_it_is() -> None:
    """Fields that are read beside libregf do not move its place."""
    file = HiveFile(io.BytesIO(_HIVE), read_base_block(io.BytesIO(_HIVE)))
    file.seek(4096)
    assert file.read_at(0, 4) == b"regf"
    assert file.tell() == 4096
    assert file.read(4) == b"hbin"


@pytest.mark.parametrize("error", [OSError("bad sector"), SourceError("bad sector")])
@pytest.mark.parametrize("at", [0, 4096])
def test_file_that_cannot_be_read_is_an_error(error: Exception, at: int) -> None:
    """What a file raises, in the header or behind it, becomes a RegistryError."""
    with pytest.raises(RegistryError, match="SYSTEM cannot be read"):
        RegistryHive(_BadFile(_HIVE, at, error), "SYSTEM")


def _list(signature: bytes, cells: list[int]) -> bytes:
    return signature + struct.pack(f"<H{len(cells)}I", len(cells), *cells)


def _with_list(signature: bytes, length: int, leaf_length: int = 0) -> bytes:
    """Make a hive whose root has a list of that length, each entry one leaf, or one subkey.

    Both lists lie in data of a value, where the builder puts whatever it is given.
    """
    room = 4 * max(length, leaf_length) + 8
    tree: Tree = {
        "a": {},
        "leaf": reg_binary(bytes(room) + b"a"),
        "list": reg_binary(bytes(room) + b"b"),
    }
    hive = bytearray(build_hive(tree))
    leaf, entries = (hive.index(bytes(room) + end) for end in (b"a", b"b"))
    subkey = hive.index(b"nk", hive.index(b"nk") + 2) - 4 - 4096
    root = hive.index(b"nk")
    contents = _list(b"li", [subkey] * leaf_length)
    hive[leaf : leaf + len(contents)] = contents
    contents = _list(signature, [leaf - 4 - 4096 if leaf_length else subkey] * length)
    hive[entries : entries + len(contents)] = contents
    struct.pack_into("<I", hive, root + 20, length * max(leaf_length, 1))
    struct.pack_into("<I", hive, root + 28, entries - 4 - 4096)
    return bytes(hive)


@pytest.mark.parametrize(
    ("hive", "message"),
    [
        (_with_list(b"li", LEAF_LIMIT + 1), r"announces 1,025 subkeys in one list"),
        (_with_list(b"li", 65_535), r"announces 65,535 subkeys in one list"),
        (_with_list(b"ri", LEAVES_LIMIT + 1, 1), r"announces 65 subkeys in one list"),
        (_with_list(b"ri", 65_535, 65_535), r"announces 65,535 subkeys in one list"),
        (_with_list(b"ri", LEAVES_LIMIT, LEAF_LIMIT), r"65,536 are more than the 2,048"),
    ],
)
def test_list_without_end_is_refused_at_once(hive: bytes, message: str) -> None:
    """Half a megabyte that announces four billion subkeys costs neither time nor memory."""
    begun = time.monotonic()
    with RegistryHive(io.BytesIO(hive), "SYSTEM") as opened:
        with pytest.raises(RegistryError, match=message):
            opened.root.subkey("a")
        assert time.monotonic() - begun < _SECONDS


def test_lists_without_end_beside_the_way_are_refused() -> None:
    """Two thousand subkeys that share one list of 65,472 entries do not add up."""
    subkeys: Tree = {f"{number:04}": {"inner": {}} for number in range(2000)}
    leaf, root = reg_binary(bytes(4096) + b"a"), reg_binary(bytes(4096) + b"b")
    hive = bytearray(build_hive({**subkeys, "leaf": leaf, "list": root}))
    leaf_at, list_at = (hive.index(bytes(4096) + end) for end in (b"a", b"b"))
    nodes = [at for at in range(4132, len(hive), 8) if hive[at : at + 2] == b"nk"]
    inner = next(at for at in nodes if hive[at + 76 : at + 81] == b"inner")
    contents = _list(b"li", [inner - 4 - 4096] * 1023)
    hive[leaf_at : leaf_at + len(contents)] = contents
    contents = _list(b"ri", [leaf_at - 4 - 4096] * LEAVES_LIMIT)
    hive[list_at : list_at + len(contents)] = contents
    for node in nodes[1:]:
        struct.pack_into("<I", hive, node + 20, 1)
        struct.pack_into("<I", hive, node + 28, list_at - 4 - 4096)
    begun = time.monotonic()
    with RegistryHive(io.BytesIO(bytes(hive)), "SYSTEM") as opened:
        with pytest.raises(RegistryError, match="more than 500,000 entries"):
            opened.root.subkey("missing")
        assert time.monotonic() - begun < _SECONDS


def test_data_that_begins_like_a_list_is_only_data() -> None:
    """A value whose bytes begin like a list or a key, with a large count, is no damage."""
    texts = [b"library functions", b"lf" + b"\xff" * 60, b"ri\xff\xff" + bytes(70), b"nk" * 60]
    hive = build_hive({str(number): reg_binary(text) for number, text in enumerate(texts)})
    with RegistryHive(io.BytesIO(hive), "SYSTEM") as opened:
        assert [opened.root.value(str(number)) for number in range(len(texts))] == texts


def test_values_beyond_the_limit_are_refused() -> None:
    """A key that announces more values than any of NT's is not handed to libregf."""
    hive = bytearray(_HIVE)
    struct.pack_into("<I", hive, hive.index(b"nk") + 36, VALUES_LIMIT + 1)
    with (
        RegistryHive(io.BytesIO(bytes(hive)), "SYSTEM") as opened,
        pytest.raises(RegistryError, match="a key announces 16,385 values"),
    ):
        _ = opened.root


@pytest.mark.parametrize(
    ("size", "cell_size", "message"),
    [
        (BIN_LIMIT + 4096, BIN_LIMIT + 4096 - 32, "asks for more bytes"),
        (BIN_LIMIT, 8, f"a bin holds more than {CELL_LIMIT:,} cells"),
    ],
)
def test_bin_beyond_the_limits_is_refused(size: int, cell_size: int, message: str) -> None:
    """A bin of too many bytes or too many cells, which libregf searches, is not handed over."""
    header = struct.pack("<4sII8xQ4x", b"hbin", 0, size, 0)
    cells = struct.pack("<i", -cell_size).ljust(cell_size, b"\0") * ((size - 32) // cell_size)
    hive = with_checksum(_HIVE[:40] + struct.pack("<I", size) + _HIVE[44:4096] + header + cells)
    with (
        RegistryHive(io.BytesIO(hive), "SYSTEM") as opened,
        pytest.raises(RegistryError, match=message),
    ):
        _ = opened.root


class _BadFile(io.BytesIO):
    """A file that cannot be read from a place on."""

    def __init__(self, data: bytes, bad_from: int, error: Exception) -> None:
        super().__init__(data)
        self._bad_from = bad_from
        self._error = error

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() >= self._bad_from:
            raise self._error
        return super().read(size)
