"""The names that an NTFS folder's index has in use."""

import time
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.disk.ntfs.index import index_attributes
from fixtures.disk.ntfs.index_entry import IndexedName
from fixtures.disk.ntfs.mapping_pairs import Run
from ntscan.errors import SourceError
from ntscan.sources.volumes.ntfs_folder import FolderIndex

BLOCK: Final = 4096
#: Where the value of a resident attribute named $I30 begins.
VALUE_AT: Final = 0x20


def file_name(name: str) -> bytes:
    """A FILE_NAME value of which only the name is told."""
    return bytes(0x40) + bytes((len(name), 3)) + name.encode("utf-16-le")


def index_of(names: list[str]) -> FolderIndex:
    """The index of a folder with these names, whose records count from 24."""
    stored: list[bytes] = []

    def store(data: bytes) -> tuple[Run, ...]:
        stored.append(data)
        return (Run(1, len(data) // 512),)

    entries = [
        IndexedName(name=name, file_reference=number | 7 << 48, value=file_name(name))
        for number, name in enumerate(names, 24)
    ]
    root, *others = index_attributes(entries, 512, store)
    bitmap = others[1][VALUE_AT:] if others else b""
    return FolderIndex(root=root[VALUE_AT:], blocks=b"".join(stored), bitmap=bitmap)


@pytest.mark.parametrize("count", [0, 1, 5, 99, 3000])
def test_every_name_of_an_index_is_in_use(count: int) -> None:
    """In the root alone, and in a tree of one and of two levels of blocks."""
    names = [f"file number {number}.sys" for number in range(count)]
    index = index_of(names)
    assert index.names() == set(zip(range(24, 24 + count), names, strict=False))
    assert not index.has_free_blocks()


def test_a_block_that_was_given_back_names_nothing_in_use() -> None:
    """Its names still lie in it."""
    index = index_of([f"f{number:03}.sys" for number in range(99)])
    given_back = FolderIndex(root=index.root, blocks=index.blocks, bitmap=b"\6")
    assert given_back.has_free_blocks()
    assert 0 < len(given_back.names()) < len(index.names())


def test_a_block_in_use_that_is_none_is_damage_wherever_it_lies() -> None:
    """Also behind one that is out of use."""
    index = index_of([f"f{number:03}.sys" for number in range(99)])
    blocks = index.blocks[:BLOCK] + bytes(BLOCK) + index.blocks[2 * BLOCK :]
    with pytest.raises(SourceError, match="a block of its index is none"):
        FolderIndex(root=index.root, blocks=blocks, bitmap=b"\2").has_free_blocks()


@given(
    root=st.binary(max_size=80),
    blocks=st.lists(st.binary(max_size=90).map(lambda rest: b"INDX" + rest), max_size=3),
    bitmap=st.binary(max_size=2),
)
def test_any_bytes_give_names_or_an_error(root: bytes, blocks: list[bytes], bitmap: bytes) -> None:
    """Also a block that ends inside its header."""
    joined = b"".join(block.ljust(BLOCK, b"\xff") for block in blocks[:-1]) + b"".join(blocks[-1:])
    index = FolderIndex(root=root[:8] + bytes(4) + root[12:], blocks=joined, bitmap=bitmap)
    try:
        assert all(isinstance(name, str) for _, name in index.names())
    except SourceError:
        assert joined


def test_a_large_bitmap_takes_no_longer_than_its_blocks() -> None:
    """It is looked at where a block's bit is, and not shifted for each."""
    index = FolderIndex(root=b"", blocks=bytes(4 << 20), bitmap=bytes(16 << 20))
    begun = time.process_time()
    assert not index.has_free_blocks()
    assert time.process_time() - begun < 1
