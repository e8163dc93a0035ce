"""Moving an image away from its preferred base ("PE Format", "The .reloc Section")."""

import struct
from collections.abc import Iterator
from typing import Final

from ntscan.errors import ImageError
from ntscan.machinecode.loader.flat_image import FlatImage
from ntscan.machinecode.loader.headers import DIRECTORY_ENTRY_BASERELOC, Headers

# IMAGE_BASE_RELOCATION: VirtualAddress, SizeOfBlock; then 16 bits an entry.
_BLOCK: Final = struct.Struct("<2I")
_MOST_ENTRIES: Final = 200_000  # five times those of NT 4.0's largest driver
_OFFSET: Final = 0x0FFF
_ABSOLUTE, _HIGH, _LOW, _HIGHLOW, _HIGHADJ = range(5)


def relocate(image: FlatImage, headers: Headers, delta: int) -> tuple[int, ...]:
    """Add ``delta`` to all that the relocations name; return the RVAs of the whole words.

    Raises ImageError where the relocations are damaged, or of a type that NT 4.0 does not apply on
    i386 or Alpha.
    """
    words = set()
    entries = _entries(image, headers)
    for kind, rva in entries:
        if kind == _ABSOLUTE:
            continue
        if kind == _HIGHLOW:
            words.add(rva)
            moved = image.word(rva) + delta
            image.write(rva, (moved & 0xFFFFFFFF).to_bytes(4, "little"))
            continue
        low = 0
        if kind == _HIGHADJ:
            low = _low_half(entries)
        half = int.from_bytes(image.read(rva, 2), "little")
        image.write(rva, (_moved_half(kind, half, low, delta) & 0xFFFF).to_bytes(2, "little"))
    return tuple(sorted(words))


def _moved_half(kind: int, half: int, low: int, delta: int) -> int:
    if kind == _HIGH:
        return half + (delta >> 16)
    if kind == _LOW:
        return half + delta
    if kind == _HIGHADJ:
        # Alpha's LDAH is followed by an LDA that sign-extends: the high half makes up for that.
        signed = low - 0x10000 if low & 0x8000 else low
        return ((half << 16) + signed + delta + 0x8000) >> 16
    raise ImageError(f"has relocations of type {kind}, which NT 4.0 does not apply to a driver")


def _low_half(entries: Iterator[tuple[int, int]]) -> int:
    """Return the entry after a HIGHADJ, which is no entry but the low half of the address."""
    for kind, rva in entries:
        return kind << 12 | rva & _OFFSET
    raise ImageError("has a HIGHADJ relocation without its low half; copy the driver again")


def _entries(image: FlatImage, headers: Headers) -> Iterator[tuple[int, int]]:
    """Yield the type and the RVA of each relocation."""
    block, size = headers.directory(DIRECTORY_ENTRY_BASERELOC) or (0, 0)
    end, count = block + size, 0
    while block + _BLOCK.size <= end:
        page, length = _BLOCK.unpack(image.read(block, _BLOCK.size))
        if not length:
            return
        if length < _BLOCK.size or block + length > end:
            raise ImageError(
                f"has a relocation block of {length:,} bytes, more than its table holds; "
                "copy the driver again"
            )
        count += (length - _BLOCK.size) // 2
        if count > _MOST_ENTRIES:
            raise ImageError(f"has more than {_MOST_ENTRIES:,} relocations; it is no driver")
        entries = image.read(block + _BLOCK.size, (length - _BLOCK.size) // 2 * 2)
        for (entry,) in struct.iter_unpack("<H", entries):
            yield entry >> 12, page + (entry & _OFFSET)
        block += length
