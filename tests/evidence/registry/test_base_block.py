"""The base block of a registry hive, whole, dirty and damaged."""

import io
import struct
from typing import Final

import pytest

from fixtures.hive_base_block import with_checksum
from fixtures.registry_data import reg_dword
from fixtures.registry_hive import build_hive
from ntscan.errors import RegistryError
from ntscan.evidence.registry.base_block import read_base_block
from ntscan.evidence.registry.hive import RegistryHive

_HIVE: Final = build_hive({"Select": {"Current": reg_dword(1)}})


def _header(at: int, *numbers: int) -> bytes:
    return with_checksum(
        _HIVE[:at] + struct.pack(f"<{len(numbers)}I", *numbers) + _HIVE[at + 4 * len(numbers) :]
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is no registry hive"),
        (b"MZ" + bytes(5000), "is no registry hive"),
        (b"SZDD\x88\xf0\x27\x33A" + bytes(5000), "is a compressed copy .* expand it"),
        (_HIVE[:4], "is truncated: it holds 4 bytes of a header of 4,096"),
        (_HIVE[:4095], "is truncated: it holds 4,095 bytes of a header of 4,096"),
        (_HIVE[:4096], "is truncated: its header announces 8,192 bytes and .* 4,096"),
        (_HIVE[:-1], "is truncated: its header announces 8,192 bytes and .* 8,191"),
        (
            _HIVE[:48] + b"\xff" + _HIVE[49:],
            "is damaged: the checksum .* copy it again",
        ),
        (_header(20, 2, 3), "is a registry hive of format 2.3"),
        (_header(20, 1, 1), "is a registry hive of format 1.1"),
        (_header(40, 0xFFFFF000), "announces 4,294,967,296 bytes"),
        (_header(40, 256 << 20), "announces 268,439,552 bytes"),
    ],
)
def test_file_that_is_no_whole_hive_is_refused(data: bytes, message: str) -> None:
    """The error says which hive it is and what is wrong with it."""
    with pytest.raises(RegistryError, match=f"^the hive SYSTEM {message}"):
        RegistryHive(io.BytesIO(data), "SYSTEM")


@pytest.mark.parametrize(
    ("numbers", "is_dirty"), [((7, 7), False), ((8, 7), True), ((7, 8), True), ((0, 0), False)]
)
def test_dirty_hive_is_known_by_its_sequence_numbers(
    numbers: tuple[int, int], *, is_dirty: bool
) -> None:
    """A hive is dirty when the two numbers differ, whichever is larger."""
    assert read_base_block(io.BytesIO(_header(4, *numbers))).is_dirty == is_dirty
