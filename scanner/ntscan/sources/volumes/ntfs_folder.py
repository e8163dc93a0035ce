"""Which names an NTFS folder's index holds in use, as against those that lie in it from before.

The Sleuth Kit reports a name in a block that the index gave back like any other, and leaves open
whether one whose file record is not its own any more is old or damaged: in use, it is damaged. The
layout is that of NTFS's INDEX_HEADER, INDEX_ALLOCATION_BUFFER and INDEX_ENTRY.
"""

import struct
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from ntscan.errors import SourceError

_SIGNATURE: Final = b"INDX"
_SECTOR: Final = 512
#: Where INDEX_HEADER begins behind that of INDEX_ROOT, and of a block.
_IN_ROOT: Final = 0x10
_IN_BLOCK: Final = 0x18
#: INDEX_ENTRY: the file's record, the entry's length, that of its name's value, and flags.
_ENTRY: Final = struct.Struct("<QHHHxx")
_IS_LAST: Final = 2
#: FILE_NAME: where the number of the name's characters stands, and where the name begins.
_NAME_LENGTH_AT: Final = 0x40
_NAME_AT: Final = 0x42
_RECORD_NUMBER: Final = (1 << 48) - 1
#: Bytes of a block of an index; NT makes them of 4,096, or as large as a larger cluster.
_BLOCKS: Final = range(512, 64 * 1024 + 1)


class FolderIndex(Struct, frozen=True, kw_only=True):
    """The index of an NTFS folder: the values of $INDEX_ROOT, $INDEX_ALLOCATION and $BITMAP."""

    root: bytes
    blocks: bytes
    bitmap: bytes

    def has_free_blocks(self) -> bool:
        """Say whether there are blocks out of use, which still hold names.

        Raises SourceError where a block in use is none: names may be missing that it held.
        """
        used = [in_use for in_use, _ in self._blocks()]
        return not all(used)

    def names(self) -> frozenset[tuple[int, str]]:
        """Return the names in use, each with the number of the file record that it names.

        An entry that makes no sense ends its block. Raises SourceError; see has_free_blocks.
        """
        nodes = [self.root[_IN_ROOT:]]
        nodes += [_whole(block)[_IN_BLOCK:] for in_use, block in self._blocks() if in_use]
        return frozenset(name for node in nodes for name in _names(node))

    def _blocks(self) -> Iterator[tuple[bool, bytes]]:
        """Yield the blocks, and whether each is in use."""
        size = int.from_bytes(self.root[8:12], "little") or 4096
        if size not in _BLOCKS:
            raise SourceError(f"the folder is damaged: blocks of its index have {size:,} bytes")
        for number, at in enumerate(range(0, len(self.blocks), size)):
            block = self.blocks[at : at + size]
            of_eight = self.bitmap[number // 8 : number // 8 + 1]
            is_used = any(byte >> number % 8 & 1 for byte in of_eight)
            if block.startswith(_SIGNATURE):
                yield is_used, block
            elif is_used:
                raise SourceError("the folder is damaged: a block of its index is none")


def _whole(block: bytes) -> bytes:
    """Put back the last two bytes of each sector, which stand in the update sequence array."""
    at, count = (int.from_bytes(block[place : place + 2], "little") for place in (4, 6))
    whole = bytearray(block)
    for number in range(1, min(count, len(block) // _SECTOR + 1)):
        end = number * _SECTOR
        whole[end - 2 : end] = block[at + 2 * number : at + 2 * number + 2].ljust(2, b"\0")
    return bytes(whole)


def _names(node: bytes) -> Iterator[tuple[int, str]]:
    """Yield what the entries behind an INDEX_HEADER name."""
    if len(node) < 8:  # noqa: PLR2004  the header's first two fields
        return
    place, end = struct.unpack_from("<II", node)
    end = min(end, len(node))
    while place + _ENTRY.size <= end:
        reference, length, value_length, flags = _ENTRY.unpack_from(node, place)
        if flags & _IS_LAST or length < _ENTRY.size:
            return
        value = node[place + _ENTRY.size : place + _ENTRY.size + value_length]
        if len(value) >= _NAME_AT:
            name = value[_NAME_AT : _NAME_AT + 2 * value[_NAME_LENGTH_AT]]
            yield reference & _RECORD_NUMBER, name.decode("utf-16-le", "replace")
        place += length
