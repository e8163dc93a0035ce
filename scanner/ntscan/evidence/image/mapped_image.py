"""A PE image as it lies in memory: what bytes of the file stand at a relative virtual address.

Layouts here and in the modules that read from it: Microsoft, "PE Format". Every read is bounded by
the section that it begins in, and every loop by a count, so that hostile bytes cost no time.
"""

import struct
from typing import Final, NamedTuple

from msgspec import Struct

from ntscan.errors import ImageError

#: The most sections that NT's loader accepts ("PE Format", "COFF File Header").
MOST_SECTIONS: Final = 96

# IMAGE_SECTION_HEADER, of which VirtualAddress, SizeOfRawData and PointerToRawData are read.
_SECTION_HEADER: Final = struct.Struct("<12x3I16x")


class Section(NamedTuple):
    """Where a section lies in memory, and which bytes of the file fill it."""

    virtual_address: int
    raw_size: int
    raw_offset: int


class MappedImage(Struct, frozen=True):
    """The bytes of an image file, found by their relative virtual address (RVA).

    ``pointer_size`` is 8 bytes in a PE32+ image, else 4. ``directories`` holds the RVA and the
    size in bytes of each data directory, by its IMAGE_DIRECTORY_ENTRY index.
    """

    data: bytes
    sections: tuple[Section, ...]
    directories: tuple[tuple[int, int], ...]
    pointer_size: int

    def directory(self, index: int) -> tuple[int, int] | None:
        """Return the RVA and size of a data directory, or ``None`` where the image has none."""
        if index >= len(self.directories):
            return None
        rva, size = self.directories[index]
        return (rva, size) if rva else None

    def read(self, rva: int, length: int) -> bytes:
        """Return the bytes at an RVA; raises ImageError where no section holds them all."""
        data = self.read_up_to(rva, length)
        if len(data) < length:
            raise ImageError(
                f"names {length:,} bytes at address 0x{rva:x}, which none of its sections holds; "
                "copy the driver again"
            )
        return data

    def read_up_to(self, rva: int, length: int) -> bytes:
        """Return the bytes at an RVA as far as its section goes; none outside every section."""
        for section in self.sections:
            offset = rva - section.virtual_address
            if 0 <= offset < section.raw_size:
                start = section.raw_offset + offset
                return self.data[start : start + min(length, section.raw_size - offset)]
        return b""


def read_sections(data: bytes, offset: int, count: int) -> tuple[Section, ...]:
    """Read the section table at an offset in the file.

    Raises ImageError where it names more sections than NT loads, or bytes that the file lacks.
    """
    if count > MOST_SECTIONS:
        raise ImageError(
            f"names {count:,} sections, and NT loads an image of at most {MOST_SECTIONS}; "
            "it is damaged or no driver"
        )
    end = offset + count * _SECTION_HEADER.size
    _refuse_cut(data, end)
    sections = tuple(map(Section._make, _SECTION_HEADER.iter_unpack(data[offset:end])))
    _refuse_cut(data, max((s.raw_offset + s.raw_size for s in sections if s.raw_size), default=0))
    return sections


def _refuse_cut(data: bytes, end: int) -> None:
    if end > len(data):
        raise ImageError(
            f"is cut short: its sections end at byte {end:,} and the file at byte {len(data):,}; "
            "copy the driver again"
        )
