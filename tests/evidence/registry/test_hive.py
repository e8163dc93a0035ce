"""A hive is opened and read as far as it is asked for; one that was not written whole says so."""

import io
from typing import Final

import pytest

from fixtures.registry_data import Tree, reg_dword
from fixtures.registry_hive import build_hive
from ntscan.evidence.registry.hive import RegistryHive

_TREE: Final[Tree] = {
    "Windows NT": {"CurrentVersion": {"Hotfix": {"Q246009": {"Installed": reg_dword(1)}}}},
}


@pytest.mark.parametrize("dirty", [False, True])
def test_dirty_hive_is_read_and_said(*, dirty: bool) -> None:
    """A hive whose last write was cut off says so, and is read."""
    with RegistryHive(io.BytesIO(build_hive(_TREE, dirty=dirty)), "SYSTEM") as hive:
        assert hive.is_dirty == dirty
        assert hive.root.subkey("windows nt") is not None


@pytest.mark.parametrize("size", [8 << 20, 16 << 20])
def test_only_what_is_asked_for_is_read(size: int) -> None:
    """Looking one value up reads less than a fiftieth of a large hive."""
    file = _CountingFile(build_hive(_TREE, size=size))
    with RegistryHive(file, "SOFTWARE") as hive:
        key = hive.root.subkey(r"Windows NT\CurrentVersion\Hotfix\Q246009")
        assert key is not None
        assert key.value("Installed") == 1
    assert file.bytes_read < size / 50


class _CountingFile(io.BytesIO):
    """A file that counts the bytes read from it."""

    bytes_read = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.bytes_read += len(data)
        return data
