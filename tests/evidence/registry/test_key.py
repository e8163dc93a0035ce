"""Keys and values are found in hives of both versions; missing and unreadable are two things."""

import io
import struct
from typing import Final, Literal

import pytest

from fixtures.hive_base_block import with_checksum
from fixtures.registry_data import RegistryData as Written
from fixtures.registry_data import Tree, reg_binary, reg_dword, reg_expand_sz, reg_multi_sz, reg_sz
from fixtures.registry_hive import build_hive
from ntscan.errors import RegistryError
from ntscan.evidence.registry.data import RegistryData
from ntscan.evidence.registry.hive import RegistryHive
from ntscan.evidence.registry.key import SUBKEY_LIMIT, VALUE_LIMIT, RegistryKey

_VALUES: Final[dict[str, tuple[Written, RegistryData]]] = {
    "": (reg_sz("the default value"), "the default value"),
    "text": (reg_sz("Größe €"), "Größe €"),
    "no text": (reg_sz(""), ""),
    "one letter": (reg_sz("6"), "6"),
    "unended": (Written(1, b"6\0"), "6"),
    "path": (reg_expand_sz("%SystemRoot%"), "%SystemRoot%"),
    "number": (reg_dword(0x600), 0x600),
    "largest number": (reg_dword(-1), 0xFFFFFFFF),
    "texts": (reg_multi_sz(["a", "", "b"]), ("a", "", "b")),
    "no texts": (reg_multi_sz([]), ()),
    **{
        f"{length} bytes": (reg_binary(bytes(range(1, length + 1))), bytes(range(1, length + 1)))
        for length in range(7)
    },
    "more than a bin": (reg_binary(b"\xa5" * 20_000), b"\xa5" * 20_000),
}
_TREE: Final[Tree] = {
    "Values": {name: written for name, (written, _) in _VALUES.items()},
    "Windows NT": {"CurrentVersion": {"Hotfix": {"Q246009": {"Installed": reg_dword(1)}}}},
    "Ключ": {"Inner": {}},
    "Many": {f"key {number:04}": {"n": reg_dword(number)} for number in range(SUBKEY_LIMIT)},
}

both_versions = pytest.mark.parametrize("minor_version", [2, 3])


def _open(hive: bytes) -> RegistryHive:
    return RegistryHive(io.BytesIO(hive), "SYSTEM")


@both_versions
@pytest.mark.parametrize("name", _VALUES)
def test_value_is_read_with_its_type(minor_version: Literal[2, 3], name: str) -> None:
    """A value of every type and length comes back as it was written."""
    with _open(build_hive(_TREE, minor_version=minor_version)) as hive:
        key = hive.root.subkey("Values")
        assert key is not None
        assert key.value(name) == _VALUES[name][1]


@both_versions
@pytest.mark.parametrize(
    ("path", "found"),
    [
        (r"Windows NT\CurrentVersion", r"SYSTEM\Windows NT\CurrentVersion"),
        (r"WINDOWS nt\currentversion\hotfix", r"SYSTEM\Windows NT\CurrentVersion\Hotfix"),
        (r"кЛЮЧ\INNER", r"SYSTEM\Ключ\Inner"),
        (r"Many\Key 0000", r"SYSTEM\Many\key 0000"),
        (r"Many\Key 2047", r"SYSTEM\Many\key 2047"),
        (r"Windows", None),
        (r"Windows NT\CurrentVersion\Hotfix\Q246009\File 1", None),
        (r"Values\text", None),
        ("", None),
        ("\\", None),
    ],
)
def test_key_is_found_by_its_path(
    minor_version: Literal[2, 3], path: str, found: str | None
) -> None:
    """Case does not matter, a value is no key, and a key that does not exist is None."""
    with _open(build_hive(_TREE, minor_version=minor_version)) as hive:
        key = hive.root.subkey(path)
        assert (key and key.path) == found


@both_versions
def test_subkeys_are_listed(minor_version: Literal[2, 3]) -> None:
    """All subkeys are listed by name, more than one leaf of them too."""
    with _open(build_hive(_TREE, minor_version=minor_version)) as hive:
        many = hive.root.subkey("Many")
        assert {key.name for key in hive.root.subkeys()} == set(_TREE)
        assert many is not None
        assert [key.value("n") for key in many.subkeys()] == list(range(SUBKEY_LIMIT))


def test_value_that_does_not_exist_is_none() -> None:
    """A name that no value has is None; so is that of a subkey."""
    with _open(build_hive(_TREE)) as hive:
        key = hive.root.subkey(r"Windows NT")
        assert key is not None
        assert key.value("CurrentVersion") is None


@pytest.mark.parametrize(
    ("tree", "asked", "what"),
    [
        ({f"key {n}": {} for n in range(SUBKEY_LIMIT + 1)}, "key 1", "subkeys"),
        ({f"value {n}": reg_dword(n) for n in range(VALUE_LIMIT + 1)}, "value 1", "values"),
    ],
)
def test_key_that_holds_too_much_is_not_looked_into(tree: Tree, asked: str, what: str) -> None:
    """One subkey or value more than the limit is a RegistryError."""
    with (
        _open(build_hive(tree)) as hive,
        pytest.raises(RegistryError, match=rf"the {what} of the key SYSTEM: .* are more than"),
    ):
        _ = hive.root.subkey(asked) if what == "subkeys" else hive.root.value(asked)


_SMALL: Final = build_hive(
    {
        "A": {
            "first": reg_sz("some text"),
            "second": reg_dword(2),
            "Inner": {"n": reg_dword(1)},
            "Other": {},
        },
        "B": {"C": {}},
    }
)


def _place(signature: bytes, index: int) -> int:
    """Find the index-th cell with a signature; the order is A, Inner, Other, B, C behind root."""
    places = [at for at in range(4096, len(_SMALL), 4) if _SMALL[at : at + 2] == signature]
    return places[index]


def _changed(at: int, data: bytes) -> bytes:
    return with_checksum(_SMALL[:at] + data + _SMALL[at + len(data) :])


def _cell(at: int) -> bytes:
    return struct.pack("<I", at - 4 - 4096)


_ROOT, _A, _INNER, _OTHER, _B, _C = (_place(b"nk", index) for index in range(6))
_LIST_OF_A, _LIST_OF_B, _LIST_OF_ROOT = (_place(b"lf", index) for index in range(3))
_FIRST, _SECOND = _place(b"vk", 0), _place(b"vk", 1)
_OUTSIDE = b"\xf0\xff\xff\x7f"

_DAMAGED_FOR_KEYS: Final = {
    "entry outside the hive": _changed(_LIST_OF_A + 4, _OUTSIDE),
    "entry that is no cell": _changed(_LIST_OF_A + 4, _cell(_INNER + 4)),
    "entry that leads to the list": _changed(_LIST_OF_A + 4, _cell(_LIST_OF_A)),
    "entry that leads to the key itself": _changed(_LIST_OF_A + 4, _cell(_A)),
    "entry that leads to the root": _changed(_LIST_OF_A + 4, _cell(_ROOT)),
    "entry that leads to another branch": _changed(_LIST_OF_A + 4, _cell(_C)),
    "list outside the hive": _changed(_A + 28, _OUTSIDE),
    "list that is a list of itself": _changed(_LIST_OF_A, b"ri\1\0" + _cell(_LIST_OF_A)),
    "list that is none": _changed(_LIST_OF_A, b"xx"),
    "list that announces less": _changed(_LIST_OF_A + 2, b"\0\0"),
    "list that announces more": _changed(_LIST_OF_A + 2, b"\xff\xff"),
    "key that announces more": _changed(_A + 20, b"\x03"),
    "subkey that is none": _changed(_INNER, b"xx"),
    "subkey with a name beyond its cell": _changed(_INNER + 72, b"\xff\xff"),
    "subkey without a name": _changed(_INNER + 72, b"\0\0"),
    "cell of no size": _changed(_INNER - 4, bytes(4)),
    "cell beyond its bin": _changed(_INNER - 4, struct.pack("<i", -0x7FFFFFF0)),
}
_DAMAGED_FOR_VALUES: Final = {
    "list of values outside the hive": _changed(_A + 40, _OUTSIDE),
    "key that announces more": _changed(_A + 36, b"\x03"),
    "key that announces four billion": _changed(_A + 36, b"\xff\xff\xff\xff"),
    "key that announces a million": _changed(_A + 36, struct.pack("<I", 1_000_000)),
    "value that is none": _changed(_FIRST, b"xx"),
    "name beyond its cell": _changed(_FIRST + 2, b"\xff\x7f"),
    "data outside the hive": _changed(_FIRST + 8, _OUTSIDE),
    "data longer than its cell": _changed(_FIRST + 4, struct.pack("<I", 400)),
    "data of two gigabytes": _changed(_FIRST + 4, b"\xff\xff\xff\x7f"),
    "inline data of five bytes": _changed(_FIRST + 4, b"\x05\0\0\x80"),
}


@pytest.mark.parametrize("damage", _DAMAGED_FOR_KEYS)
def test_subkey_lost_by_damage_is_an_error(damage: str) -> None:
    """A subkey that damage hides is never said not to exist; nor are the subkeys listed."""
    with pytest.raises(RegistryError, match="SYSTEM"):
        _look_for_a_missing_subkey(_DAMAGED_FOR_KEYS[damage])
    with pytest.raises(RegistryError, match="SYSTEM"):
        _list_subkeys(_DAMAGED_FOR_KEYS[damage])


@pytest.mark.parametrize("damage", _DAMAGED_FOR_VALUES)
def test_value_lost_by_damage_is_an_error(damage: str) -> None:
    """A value that damage hides, or whose data it hides, is never said not to exist."""
    with pytest.raises(RegistryError, match="SYSTEM"):
        _look_for_first_and_a_missing_value(_DAMAGED_FOR_VALUES[damage])


def test_damage_elsewhere_does_not_matter() -> None:
    """With one subkey unreadable, its neighbours are found."""
    with _open(_DAMAGED_FOR_KEYS["subkey that is none"]) as hive:
        other = hive.root.subkey(r"A\Other")
        key = hive.root.subkey("A")
        assert other is not None
        assert key is not None
        assert key.value("second") == 2


def _key_a(hive: RegistryHive) -> RegistryKey:
    key = hive.root.subkey("A")
    assert key is not None
    return key


def _look_for_a_missing_subkey(data: bytes) -> None:
    with _open(data) as hive:
        _key_a(hive).subkey("Missing")


def _list_subkeys(data: bytes) -> None:
    with _open(data) as hive:
        _key_a(hive).subkeys()


def _look_for_first_and_a_missing_value(data: bytes) -> None:
    with _open(data) as hive:
        _key_a(hive).value("first")
        _key_a(hive).value("Missing")
