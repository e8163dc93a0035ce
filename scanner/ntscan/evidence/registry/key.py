"""Keys of an open registry hive, their subkeys and values, typed.

A key or value that does not exist is ``None``; one that cannot be read, or that may be missing only
because the list it belongs to is damaged, is a RegistryError.
"""

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from ntscan.errors import RegistryError
from ntscan.evidence.registry.base_block import BASE_BLOCK_SIZE
from ntscan.evidence.registry.data import RegistryData, decode
from ntscan.evidence.registry.hive_file import LEAF_LIMIT, HiveFile
from ntscan.evidence.registry.key_entries import KeyEntries, KeyEntry
from ntscan.evidence.registry.libregf import edge_of_libregf

if TYPE_CHECKING:
    import pyregf

#: The most subkeys and values of a key that is looked into; keys passed by may hold more.
SUBKEY_LIMIT: Final = 2048
VALUE_LIMIT: Final = 1024
#: The most bytes of a value: NT's own limit.
DATA_LIMIT: Final = 1 << 20

_CELL_HEADER_SIZE = 4
_IS_INLINE = 0x80000000  # set in the size of a value's data: the value's own cell holds it
_INLINE_LIMIT = 4


class RegistryKey:
    r"""A key of an open hive; ``path`` begins with the hive's name, as ``SYSTEM\Select``."""

    def __init__(self, key: "pyregf.key", file: HiveFile, path: str) -> None:
        self.path: Final = path
        self._key = key
        self._file = file
        self._subkeys: KeyEntries | None = None
        self._values: KeyEntries | None = None

    @property
    def name(self) -> str:
        """The key's own name, in the letters that it was made with."""
        return self.path.rpartition("\\")[2]

    def subkey(self, path: str) -> "RegistryKey | None":
        """Find a key by its path from this one, without regard to case; raises RegistryError."""
        key = self
        for name in path.split("\\"):
            found = key._list_subkeys().find(name)
            if found is None:
                return None
            key = key._child(found)
        return key

    def subkeys(self) -> "tuple[RegistryKey, ...]":
        """List the keys directly below this one; raises RegistryError where one is unreadable."""
        entries = self._list_subkeys()
        entries.refuse_damage()
        return tuple(self._child(entry) for entry in entries.found.values())

    def refuse_if_spent(self) -> None:
        """Raise RegistryError where the hive has given all that it may, and later reads failed."""
        with edge_of_libregf(self._place, self._file):
            self._file.refuse_if_spent()

    def value(self, name: str) -> RegistryData | None:
        """Find a value's data by name, without regard to case; raises RegistryError."""
        found = self._list_values().find(name)
        if found is None:
            return None
        with edge_of_libregf(f"the value {name} of {self._place}", self._file):
            return decode(int(found.item.get_type()), self._data(found.item))

    @property
    def _place(self) -> str:
        return f"the key {self.path}"

    def _child(self, entry: KeyEntry) -> "RegistryKey":
        return RegistryKey(entry.item, self._file, f"{self.path}\\{entry.name}")

    def _list_subkeys(self) -> KeyEntries:
        if self._subkeys is None:
            with edge_of_libregf(self._place, self._file):
                announced = self._node(self._key).subkeys
                listed = int(self._key.get_number_of_sub_keys())
            place = f"the subkeys of {self._place}"
            _refuse_excess(place, listed, SUBKEY_LIMIT)
            self._subkeys = self._read_all(place, announced, listed, self._read_subkey)
        return self._subkeys

    def _list_values(self) -> KeyEntries:
        if self._values is None:
            with edge_of_libregf(self._place, self._file):
                announced = self._node(self._key).values
                listed = int(self._key.get_number_of_values())
            place = f"the values of {self._place}"
            _refuse_excess(place, listed, VALUE_LIMIT)
            self._values = self._read_all(place, announced, listed, self._read_value)
        return self._values

    def _read_all(
        self, place: str, announced: int, listed: int, read: Callable[[int], KeyEntry]
    ) -> KeyEntries:
        """Read every entry of a list; libregf leaves out those that lie outside the hive."""
        entries = KeyEntries()
        if announced != listed:
            entries.damage = f"{place}: {announced:,} are announced and {listed:,} are there"
        for index in range(listed):
            try:
                with edge_of_libregf(place, self._file):
                    entry = read(index)
            except RegistryError as error:
                entries.damage = entries.damage or str(error)
                if self._file.is_spent:
                    break
            else:
                entries.found.setdefault(entry.name.upper(), entry)
        return entries

    def _read_subkey(self, index: int) -> KeyEntry:
        self._file.count_entries(1)
        key = self._key.get_sub_key(index)
        node = self._node(key)
        self._file.count_content(node.name_size)
        self._file.count_entries(self._list_length(node) + int(key.get_number_of_values()))
        # A list that leads back up, or into another branch, is no list of this key.
        if node.parent != self._key.get_offset() - _CELL_HEADER_SIZE - BASE_BLOCK_SIZE:
            raise RegistryError("one of them belongs to another key")
        return KeyEntry(str(key.get_name()), key)

    def _list_length(self, node: "_KeyNode") -> int:
        """Say how many entries, at the most, libregf went through for the subkeys of a key."""
        if node.subkeys == 0:
            return 0
        place = BASE_BLOCK_SIZE + node.subkey_list + _CELL_HEADER_SIZE
        signature, length = struct.unpack("<2sH", self._file.read_at(place, 4))
        return int(length) * LEAF_LIMIT if signature == b"ri" else int(length)

    def _read_value(self, index: int) -> KeyEntry:
        self._file.refuse_if_spent()
        value = self._key.get_value(index)
        (name_size,) = struct.unpack("<H", self._file.read_at(value.get_offset() + 2, 2))
        self._file.count_content(name_size)
        name = value.get_name()
        if name is None and value.is_corrupted():
            raise RegistryError("one of them is no value")
        return KeyEntry(str(name or ""), value)

    def _data(self, value: "pyregf.value") -> bytes:
        size, inline = struct.unpack("<I4s", self._file.read_at(value.get_offset() + 4, 8))
        if size & _IS_INLINE:
            # libregf reads fewer than 4 inline bytes from the wrong end (seen in 20260526).
            inline_size = size & ~_IS_INLINE
            if inline_size > _INLINE_LIMIT:
                raise RegistryError(f"4 bytes cannot hold {inline_size:,}")
            return bytes(inline[:inline_size])
        if size > DATA_LIMIT:
            raise RegistryError(f"{size:,} bytes are more than a value of NT 4.0 can have")
        self._file.count_content(size)
        if value.is_corrupted():
            raise RegistryError("its data is damaged")
        return bytes(value.get_data() or b"")

    def _node(self, key: "pyregf.key") -> "_KeyNode":
        fields = self._file.read_at(key.get_offset() + 16, 58)
        return _KeyNode(*struct.unpack("<II4xI4xI32xH", fields))


class _KeyNode(NamedTuple):
    """Fields of a key node (nk) as the hive has them; libregf corrects or leaves out some."""

    parent: int
    subkeys: int
    subkey_list: int
    values: int
    name_size: int


def _refuse_excess(place: str, number: int, limit: int) -> None:
    if number > limit:
        raise RegistryError(f"{place}: {number:,} are more than the {limit:,} that are looked at")
