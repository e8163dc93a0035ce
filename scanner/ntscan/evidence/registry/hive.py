"""Registry hives, from a file to keys: opened by libregf, which key.py knows beside this module.

Only the bins that hold what is asked for are read.
"""

from types import TracebackType
from typing import BinaryIO, Final, Self

import pyregf

from ntscan.errors import RegistryError
from ntscan.evidence.registry.base_block import read_base_block
from ntscan.evidence.registry.hive_file import HiveFile
from ntscan.evidence.registry.key import RegistryKey
from ntscan.evidence.registry.libregf import edge_of_libregf


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
        with edge_of_libregf(f"the hive {name}", self._file):
            self._regf.open_file_object(self._file)

    @property
    def root(self) -> RegistryKey:
        """The root key; raises RegistryError."""
        with edge_of_libregf(f"the root key of {self.name}", self._file):
            return RegistryKey(self._regf.get_root_key(), self._file, self.name)

    def close(self) -> None:
        """Let go of the file; the hive's keys are of no use afterwards."""
        with edge_of_libregf(f"the hive {self.name}", self._file):
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
