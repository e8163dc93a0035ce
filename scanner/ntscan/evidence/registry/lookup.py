"""Lookups in the registry as readings: what became of the search, and never an exception."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, TypeVar

from ntscan.errors import RegistryError
from ntscan.evidence.reading import CollectionFailed, DoesNotExist, Exists, Reading, Unrecognised
from ntscan.evidence.registry.data import RegistryData
from ntscan.evidence.registry.hive import RegistryHive
from ntscan.evidence.registry.key import RegistryKey

T = TypeVar("T")


@contextmanager
def opened(file: Reading[BinaryIO], name: str) -> Iterator[Reading[RegistryHive]]:
    """Open the hive in a file, as far as there is one, for as long as the block runs."""
    if not isinstance(file, Exists):
        yield file
        return
    try:
        hive = RegistryHive(file.value, name)
    except RegistryError as error:
        yield CollectionFailed(message=str(error))
        return
    with hive:
        yield Exists(value=hive)


def key(hive: Reading[RegistryHive], path: str) -> Reading[RegistryKey]:
    """Look a key up from the root of a hive."""
    if not isinstance(hive, Exists):
        return hive
    try:
        root = hive.value.root
    except RegistryError as error:
        return CollectionFailed(message=str(error))
    return subkey(Exists(value=root), path)


def subkey(parent: Reading[RegistryKey], path: str) -> Reading[RegistryKey]:
    """Look a key up from another."""
    if not isinstance(parent, Exists):
        return parent
    try:
        found = parent.value.subkey(path)
    except RegistryError as error:
        return CollectionFailed(message=str(error))
    return DoesNotExist() if found is None else Exists(value=found)


def text(parent: Reading[RegistryKey], name: str) -> Reading[str]:
    """Look up a value that is a string."""
    return _of_type(value(parent, name), name, str)


def number(parent: Reading[RegistryKey], name: str) -> Reading[int]:
    """Look up a value that is a number, from 0 to 0xFFFFFFFF."""
    return _of_type(value(parent, name), name, int)


def texts(parent: Reading[RegistryKey], name: str) -> Reading[tuple[str, ...]]:
    """Look up a value that is several strings."""
    return _of_type(value(parent, name), name, tuple)


def value(parent: Reading[RegistryKey], name: str) -> Reading[RegistryData]:
    """Look up a value of any type."""
    if not isinstance(parent, Exists):
        return parent
    try:
        found = parent.value.value(name)
    except RegistryError as error:
        return CollectionFailed(message=str(error))
    return DoesNotExist() if found is None else Exists(value=found)


def _of_type(found: Reading[RegistryData], name: str, wanted: type[T]) -> Reading[T]:
    if not isinstance(found, Exists):
        return found
    if isinstance(found.value, wanted):
        return Exists(value=found.value)
    return Unrecognised(text=f"{name} is {found.value!r}")
