"""Registry hives: from a file to typed values. The only module that knows pyregf (libregf).

Only the bins that hold what is asked for are read. A key or value that does not exist is ``None``;
one that cannot be read, or that may be missing only because the list it belongs to is damaged, is a
RegistryError.
"""

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, BinaryIO, Final, NamedTuple, Self

import pyregf
from msgspec import Struct

from ntscan.errors import RegistryError
from ntscan.evidence.registry.data import RegistryData, decode
from ntscan.evidence.registry.hive_file import (
    BASE_BLOCK_SIZE,
    LEAF_LIMIT,
    HiveFile,
    read_base_block,
)

#: The most subkeys and values of a key that is looked into; keys passed by may hold more.
SUBKEY_LIMIT: Final = 2048
VALUE_LIMIT: Final = 1024
#: The most bytes of a value: NT's own limit.
DATA_LIMIT: Final = 1 << 20

_CELL_HEADER_SIZE = 4
_IS_INLINE = 0x80000000  # set in the size of a value's data: the value's own cell holds it
_INLINE_LIMIT = 4


class RegistryHive:
    """An open hive; a context manager. ``is_dirty`` says that its last write was cut off."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        """Open the hive in a seekable file, which stays the caller's to close.

        ``name`` is what messages and paths begin with, as ``SYSTEM``. Raises RegistryError where
        the file is no hive, is truncated, or has a wrong checksum.
        """
        self.name: Final = name
        try:
            base_block = read_base_block(file)
        except RegistryError as error:
            raise RegistryError(f"the hive {name} {error}") from error
        self.is_dirty: Final = base_block.is_dirty
        self.minor_version: Final = base_block.minor_version
        self._file = HiveFile(file, base_block)
        self._regf = pyregf.file()
        with _edge_of_libregf(f"the hive {name}", self._file):
            self._regf.open_file_object(self._file)

    @property
    def root(self) -> "RegistryKey":
        """The root key; raises RegistryError."""
        with _edge_of_libregf(f"the root key of {self.name}", self._file):
            return RegistryKey(self._regf.get_root_key(), self._file, self.name)

    def close(self) -> None:
        """Let go of the file; the hive's keys are of no use afterwards."""
        with _edge_of_libregf(f"the hive {self.name}", self._file):
            self._regf.close()

    def __enter__(self) -> Self:
        """Return the open hive."""
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let go of the file."""
        self.close()


class RegistryKey:
    r"""A key of an open hive; ``path`` begins with the hive's name, as ``SYSTEM\Select``."""

    def __init__(self, key: "pyregf.key", file: HiveFile, path: str) -> None:
        self.path: Final = path
        self._key = key
        self._file = file
        self._subkeys: _Entries | None = None
        self._values: _Entries | None = None

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
        with _edge_of_libregf(self._place, self._file):
            self._file.refuse_if_spent()

    def value(self, name: str) -> RegistryData | None:
        """Find a value's data by name, without regard to case; raises RegistryError."""
        found = self._list_values().find(name)
        if found is None:
            return None
        with _edge_of_libregf(f"the value {name} of {self._place}", self._file):
            return decode(int(found.item.get_type()), self._data(found.item))

    @property
    def _place(self) -> str:
        return f"the key {self.path}"

    def _child(self, entry: "_Entry") -> "RegistryKey":
        return RegistryKey(entry.item, self._file, f"{self.path}\\{entry.name}")

    def _list_subkeys(self) -> "_Entries":
        if self._subkeys is None:
            with _edge_of_libregf(self._place, self._file):
                announced = self._node(self._key).subkeys
                listed = int(self._key.get_number_of_sub_keys())
            place = f"the subkeys of {self._place}"
            _refuse_excess(place, listed, SUBKEY_LIMIT)
            self._subkeys = self._read_all(place, announced, listed, self._read_subkey)
        return self._subkeys

    def _list_values(self) -> "_Entries":
        if self._values is None:
            with _edge_of_libregf(self._place, self._file):
                announced = self._node(self._key).values
                listed = int(self._key.get_number_of_values())
            place = f"the values of {self._place}"
            _refuse_excess(place, listed, VALUE_LIMIT)
            self._values = self._read_all(place, announced, listed, self._read_value)
        return self._values

    def _read_all(
        self, place: str, announced: int, listed: int, read: "Callable[[int], _Entry]"
    ) -> "_Entries":
        """Read every entry of a list; libregf leaves out those that lie outside the hive."""
        entries = _Entries()
        if announced != listed:
            entries.damage = f"{place}: {announced:,} are announced and {listed:,} are there"
        for index in range(listed):
            try:
                with _edge_of_libregf(place, self._file):
                    entry = read(index)
            except RegistryError as error:
                entries.damage = entries.damage or str(error)
                if self._file.is_spent:
                    break
            else:
                entries.found.setdefault(entry.name.upper(), entry)
        return entries

    def _read_subkey(self, index: int) -> "_Entry":
        self._file.count_entries(1)
        key = self._key.get_sub_key(index)
        node = self._node(key)
        self._file.count_content(node.name_size)
        self._file.count_entries(self._list_length(node) + int(key.get_number_of_values()))
        # A list that leads back up, or into another branch, is no list of this key.
        if node.parent != self._key.get_offset() - _CELL_HEADER_SIZE - BASE_BLOCK_SIZE:
            raise RegistryError("one of them belongs to another key")
        return _Entry(str(key.get_name()), key)

    def _list_length(self, node: "_KeyNode") -> int:
        """Say how many entries, at the most, libregf went through for the subkeys of a key."""
        if node.subkeys == 0:
            return 0
        place = BASE_BLOCK_SIZE + node.subkey_list + _CELL_HEADER_SIZE
        signature, length = struct.unpack("<2sH", self._file.read_at(place, 4))
        return int(length) * LEAF_LIMIT if signature == b"ri" else int(length)

    def _read_value(self, index: int) -> "_Entry":
        self._file.refuse_if_spent()
        value = self._key.get_value(index)
        (name_size,) = struct.unpack("<H", self._file.read_at(value.get_offset() + 2, 2))
        self._file.count_content(name_size)
        name = value.get_name()
        if name is None and value.is_corrupted():
            raise RegistryError("one of them is no value")
        return _Entry(str(name or ""), value)

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


class _Entry(Struct, frozen=True):
    """A subkey or value: its name, and libregf's object (which has no types to name it by)."""

    name: str
    item: Any


@dataclass(slots=True)
class _Entries:
    """What a key lists, by upper-case name; ``damage`` says why that may not be all."""

    found: dict[str, _Entry] = field(default_factory=dict)
    damage: str | None = None

    def find(self, name: str) -> _Entry | None:
        """Find an entry; raises RegistryError where it is not found and may have been lost."""
        entry = self.found.get(name.upper())
        if entry is None:
            self.refuse_damage()
        return entry

    def refuse_damage(self) -> None:
        """Raise RegistryError where the list may not be whole."""
        if self.damage is not None:
            raise RegistryError(self.damage)


def _refuse_excess(place: str, number: int, limit: int) -> None:
    if number > limit:
        raise RegistryError(f"{place}: {number:,} are more than the {limit:,} that are looked at")


@contextmanager
def _edge_of_libregf(place: str, file: HiveFile) -> Iterator[None]:
    """Turn whatever libregf or the file raises into a RegistryError that names the place.

    libregf answers damage with exceptions of any kind, so this one place catches all of them.
    """
    file.refusal = None
    try:
        yield
    except MemoryError:
        raise  # It says nothing of the hive: a limit was set, and is kept.
    except Exception as error:
        raise RegistryError(f"{place} cannot be read: {_reason(error, file.refusal)}") from error


def _reason(error: Exception, refusal: str | None) -> str:
    """Find the cause; in libregf's messages it comes second, after what was tried."""
    if refusal is not None:
        return refusal
    if isinstance(error, RegistryError):
        return str(error)
    if isinstance(error, OSError) and error.strerror is not None:
        return error.strerror
    causes = [cause.partition(": ")[2] for cause in str(error).split(". ")]
    return next((cause for cause in causes[1:] if cause), type(error).__name__)
