"""A value's bytes are read as its type says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.registry_data import reg_multi_sz
from ntscan.errors import RegistryError
from ntscan.evidence.registry.data import (
    STRINGS_LIMIT,
    RegistryData,
    RegistryType,
    decode,
)


@pytest.mark.parametrize(
    ("value_type", "data", "expected"),
    [
        (RegistryType.REG_SZ, b"", ""),
        (RegistryType.REG_SZ, b"A\0\0\0", "A"),
        (RegistryType.REG_SZ, b"A\0", "A"),
        (RegistryType.REG_SZ, b"A\0\0\0B\0\0\0", "A"),
        (RegistryType.REG_SZ, b"A\0\xff", "A\ufffd"),
        (RegistryType.REG_SZ, b"\x00\xd8", "\ufffd"),
        (RegistryType.REG_EXPAND_SZ, b"%\0\0\0", "%"),
        (RegistryType.REG_LINK, b"\\\0", "\\"),
        (RegistryType.REG_DWORD, b"\x01\x02\x03\x84", 0x84030201),
        (RegistryType.REG_DWORD_BIG_ENDIAN, b"\x01\x02\x03\x84", 0x01020384),
        (RegistryType.REG_MULTI_SZ, b"", ()),
        (RegistryType.REG_MULTI_SZ, b"\0\0", ()),
        (RegistryType.REG_MULTI_SZ, b"A\0\0\0", ("A",)),
        (RegistryType.REG_MULTI_SZ, b"A\0\0\0B\0\0\0\0\0", ("A", "B")),
        (RegistryType.REG_MULTI_SZ, b"A\0\0\0\0\0B\0\0\0\0\0", ("A", "", "B")),
        (RegistryType.REG_MULTI_SZ, b"A\0\0\0\0\0\0\0", ("A", "")),
        (3, b"\x01", b"\x01"),
        (0xFFFFFFFF, b"\x01", b"\x01"),
    ],
)
def test_data_is_read_as_its_type(value_type: int, data: bytes, expected: RegistryData) -> None:
    """Strings end at NUL, numbers have a byte order, other types stay bytes."""
    assert decode(value_type, data) == expected


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x01\x02\x03", b"\x01\x02\x03\x04\x05"])
def test_number_of_another_size_is_an_error(data: bytes) -> None:
    """A REG_DWORD that is not 4 bytes long is damage, and no number."""
    with pytest.raises(RegistryError, match=f"takes 4 bytes, and these are {len(data)}"):
        decode(RegistryType.REG_DWORD, data)


def test_strings_beyond_the_limit_are_an_error() -> None:
    """One string more than the limit is refused, and the limit itself is not."""
    assert len(_multi(STRINGS_LIMIT - 2)) == STRINGS_LIMIT - 2
    with pytest.raises(RegistryError, match="strings is not read"):
        _multi(STRINGS_LIMIT)


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))))
def test_strings_come_back_as_they_were_written(texts: list[str]) -> None:
    """REG_MULTI_SZ keeps every string, empty ones among them, in order."""
    assert decode(RegistryType.REG_MULTI_SZ, reg_multi_sz(texts).data) == tuple(texts)


@given(st.integers(0, 0xFFFFFFFF), st.binary(max_size=64))
def test_any_bytes_are_data_or_an_error(value_type: int, data: bytes) -> None:
    """No type and bytes raise anything but RegistryError."""
    for any_type in (*RegistryType, value_type):
        try:
            decode(any_type, data)
        except RegistryError:
            continue


def _multi(number: int) -> tuple[str, ...]:
    texts = decode(RegistryType.REG_MULTI_SZ, reg_multi_sz(["x"] * number).data)
    assert isinstance(texts, tuple)
    return texts
