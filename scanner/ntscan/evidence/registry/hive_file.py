"""A registry hive's file, checked as it is read, so that libregf never sees what it chokes on.

Names and layouts follow M. Suhanov's "Windows registry file format specification".
"""

import os
import struct
from typing import BinaryIO, Final

from ntscan.errors import RegistryError
from ntscan.evidence.registry.base_block import BASE_BLOCK_SIZE, BaseBlock

BIN_HEADER_SIZE: Final = 32

#: Bytes of one bin. NT makes a bin as large as the largest value in it, of 1 MB at the most.
BIN_LIMIT: Final = 4 << 20
#: Cells of one bin; libregf searches them one after the other.
CELL_LIMIT: Final = 16_384
#: Bytes read from one hive in all. Looking up a hundred keys takes less than one MB.
READ_LIMIT: Final = 64 << 20
#: Entries of lists of subkeys and values that one hive may make libregf go through in all.
ENTRIES_LIMIT: Final = 500_000
#: Bytes of names and data that one hive may hand out in all. NT 4.0's own take less than one MB,
#: and a cell that many keys share is handed out again for each, though it is read once.
CONTENT_LIMIT: Final = 8 << 20

#: Entries of a leaf of a subkey list. NT splits a leaf that outgrows a bin of 4,096 bytes.
LEAF_LIMIT: Final = 1024
#: Leaves of one key, which then has up to 65,536 subkeys.
LEAVES_LIMIT: Final = 64
#: Values of one key.
VALUES_LIMIT: Final = 16_384

# Lists of subkeys: bytes of an entry, and the most entries. libregf follows a list of lists (ri)
# without a limit of its own, and half a megabyte can announce four billion subkeys.
_LISTS: Final = {
    b"li": (4, LEAF_LIMIT),
    b"lf": (8, LEAF_LIMIT),
    b"lh": (8, LEAF_LIMIT),
    b"ri": (4, LEAVES_LIMIT),
}
_VALUE_ENTRY_SIZE = 4
_KEY_NODE_SIZE = 76


class HiveFile:
    """The file as libregf asks for it; a bin that announces too much is not handed over.

    What was refused stands in ``refusal``, since an exception loses its words inside libregf.
    """

    def __init__(self, file: BinaryIO, base_block: BaseBlock) -> None:
        self._file = file
        self._size = BASE_BLOCK_SIZE + base_block.bins_size
        self._at = 0
        self._bytes_left = READ_LIMIT
        self._entries_left = ENTRIES_LIMIT
        self._content_left = CONTENT_LIMIT
        self.refusal: str | None = None

    def read(self, size: int) -> bytes:
        """Read from the current place; raises RegistryError for what goes beyond a limit."""
        is_cells = size > BIN_HEADER_SIZE and self._at >= BASE_BLOCK_SIZE
        self._bytes_left -= size
        if size > BIN_LIMIT or self._bytes_left < 0:
            raise self._refuse("it asks for more bytes than a registry hive of NT 4.0 could")
        self._file.seek(self._at)
        data = self._file.read(size)
        self._at += len(data)
        if is_cells:
            self._check_cells(data)
        return data

    def read_at(self, offset: int, size: int) -> bytes:
        """Read exactly ``size`` bytes at a place; raises RegistryError where they are not there."""
        self._file.seek(offset)
        data = self._file.read(size)
        if len(data) < size:
            raise RegistryError(f"ends before byte {offset + size:,}, where a cell should be")
        return data

    @property
    def is_spent(self) -> bool:
        """Whether the hive has given all that it may."""
        return self._entries_left < 0 or self._content_left < 0

    def count_entries(self, number: int) -> None:
        """Count list entries that libregf went through; raises RegistryError beyond the limit."""
        self._entries_left -= number
        self.refuse_if_spent()

    def count_content(self, size: int) -> None:
        """Count bytes of a name or of data to be handed out; raises RegistryError beyond it."""
        self._content_left -= size
        self.refuse_if_spent()

    def refuse_if_spent(self) -> None:
        """Raise RegistryError where the hive has given all that it may."""
        if self._entries_left < 0:
            raise self._refuse(f"its lists have more than {ENTRIES_LIMIT:,} entries")
        if self._content_left < 0:
            raise self._refuse(f"its names and values hold more than {CONTENT_LIMIT:,} bytes")

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a place in the file."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        """Return the current place."""
        return self._at

    def get_size(self) -> int:
        """Return the bytes that the header announces."""
        return self._size

    def _check_cells(self, data: bytes) -> None:
        """Go through a bin's cells as libregf does, which gives a bin up at a wrong cell size."""
        at = 0
        for _ in range(CELL_LIMIT):
            if at + 8 > len(data):
                return
            size = abs(struct.unpack_from("<i", data, at)[0])
            if size < 8 or size % 8:  # noqa: PLR2004  libregf gives up
                return
            self._check_cell(data[at + 4 : at + size])
            at += size
        raise self._refuse(f"a bin holds more than {CELL_LIMIT:,} cells")

    def _check_cell(self, cell: bytes) -> None:
        """Refuse a cell that announces too much, and all of it there; libregf checks the latter.

        A cell of a value's data can begin like any other, but will hardly be as large as it says.
        """
        signature = cell[:2]
        if signature in _LISTS:
            entry_size, limit = _LISTS[signature]
            (count,) = struct.unpack_from("<H", cell, 2)
            if count > limit and 4 + count * entry_size <= len(cell):
                raise self._refuse(f"a key announces {count:,} subkeys in one list")
        elif signature == b"nk" and len(cell) >= _KEY_NODE_SIZE:
            (count,) = struct.unpack_from("<I", cell, 36)
            if VALUES_LIMIT < count <= BIN_LIMIT // _VALUE_ENTRY_SIZE:
                raise self._refuse(f"a key announces {count:,} values")

    def _refuse(self, reason: str) -> RegistryError:
        self.refusal = reason
        return RegistryError(reason)
