"""The headers that NT's loader goes by, and what it refuses (Microsoft, "PE Format")."""

import struct
from typing import Final, NamedTuple

from msgspec import Struct

from ntscan.errors import ImageError
from ntscan.evidence.image.mapped_image import MOST_SECTIONS
from ntscan.evidence.image.pe_image import machine_name
from ntscan.evidence.image.signatures import pe_signature_at
from ntscan.vocabulary import Machine

#: The largest SizeOfImage that is loaded, in bytes; NT 4.0's largest driver has under 2 MB.
LARGEST_IMAGE: Final = 32 << 20
#: The data directory of the base relocations: IMAGE_DIRECTORY_ENTRY_BASERELOC.
DIRECTORY_ENTRY_BASERELOC: Final = 5

_SIGNATURE_SIZE: Final = 4
# IMAGE_FILE_HEADER: Machine, NumberOfSections, SizeOfOptionalHeader, Characteristics.
_FILE_HEADER: Final = struct.Struct("<2H12x2H")
# IMAGE_OPTIONAL_HEADER32: Magic, AddressOfEntryPoint, ImageBase, SectionAlignment, SizeOfImage,
# SizeOfHeaders, NumberOfRvaAndSizes.
_OPTIONAL_HEADER: Final = struct.Struct("<H14xI8x2I20x2I28xI")
_DATA_DIRECTORY: Final = struct.Struct("<2I")
_MOST_DIRECTORIES: Final = 16
# IMAGE_SECTION_HEADER: Name, VirtualSize, VirtualAddress, SizeOfRawData, PointerToRawData,
# Characteristics.
_SECTION_HEADER: Final = struct.Struct("<8s4I12xI")
_MACHINES: Final = {0x014C: Machine.I386, 0x0184: Machine.ALPHA}
_PE32: Final = 0x10B
_EXECUTABLE_IMAGE: Final = 0x0002
_RELOCS_STRIPPED: Final = 0x0001
_BASE_ALIGNMENT: Final = 0x10000


class SectionHeader(NamedTuple):
    """An IMAGE_SECTION_HEADER; sizes in bytes."""

    name: bytes
    virtual_size: int
    virtual_address: int
    raw_size: int
    raw_offset: int
    characteristics: int


class Headers(Struct, frozen=True, kw_only=True):
    """What the headers say of where the image's parts lie; sizes in bytes.

    ``directories`` holds the RVA and size of each data directory, by its IMAGE_DIRECTORY_ENTRY.
    """

    machine: Machine
    entry_point: int
    image_base: int
    section_alignment: int
    size_of_image: int
    size_of_headers: int
    relocations_stripped: bool
    sections: tuple[SectionHeader, ...]
    directories: tuple[tuple[int, int], ...]

    def directory(self, index: int) -> tuple[int, int] | None:
        """Return the RVA and size of a data directory, or ``None`` where the image has none."""
        rva, size = self.directories[index] if index < len(self.directories) else (0, 0)
        return (rva, size) if rva and size else None

    @property
    def can_move(self) -> bool:
        """Whether the image may be loaded elsewhere than at its preferred base."""
        return not self.relocations_stripped and bool(self.directory(DIRECTORY_ENTRY_BASERELOC))


def read_headers(data: bytes) -> Headers:
    """Read the headers of a driver's image.

    Raises ImageError, whose message is a sentence without the path, where NT would not load the
    image, or where it is for a machine whose code is not run.
    """
    offset = pe_signature_at(data) + _SIGNATURE_SIZE
    machine, sections, optional_size, flags = _unpack(_FILE_HEADER, data, offset)
    if machine not in _MACHINES:
        raise ImageError(
            f"is for the machine {machine_name(machine)}; only i386 and Alpha code is run"
        )
    if not flags & _EXECUTABLE_IMAGE:
        raise ImageError("is not marked as an executable image, so NT does not load it")
    offset += _FILE_HEADER.size
    return _with_optional_header(
        data,
        offset,
        machine=_MACHINES[machine],
        sections=_read_sections(data, offset + optional_size, sections),
        relocations_stripped=bool(flags & _RELOCS_STRIPPED),
    )


def _with_optional_header(
    data: bytes,
    offset: int,
    *,
    machine: Machine,
    sections: tuple[SectionHeader, ...],
    relocations_stripped: bool,
) -> Headers:
    magic, entry, base, alignment, size, headers_size, directories = _unpack(
        _OPTIONAL_HEADER, data, offset
    )
    _refuse(magic=magic, base=base, alignment=alignment, size=size)
    if entry >= size:
        raise ImageError(f"begins at address 0x{entry:x}, outside of its memory; it is damaged")
    table = offset + _OPTIONAL_HEADER.size
    length = min(directories, _MOST_DIRECTORIES) * _DATA_DIRECTORY.size
    entries = data[table : table + length]
    if len(entries) < length:
        raise _cut_short()
    return Headers(
        machine=machine,
        entry_point=entry,
        image_base=base,
        section_alignment=alignment,
        size_of_image=size,
        size_of_headers=min(headers_size, size),
        relocations_stripped=relocations_stripped,
        sections=sections,
        directories=tuple((rva, size) for rva, size in _DATA_DIRECTORY.iter_unpack(entries)),
    )


def _refuse(*, magic: int, base: int, alignment: int, size: int) -> None:
    if magic != _PE32:
        raise ImageError(f"is no PE32 image (Magic 0x{magic:04x}), so NT 4.0 does not load it")
    if base == 0 or base % _BASE_ALIGNMENT:
        raise ImageError(f"prefers the address 0x{base:x}, which is no multiple of 64 KB")
    if not alignment or alignment & (alignment - 1):
        raise ImageError(f"aligns its sections to {alignment:,} bytes, which is no power of two")
    if not 0 < size <= LARGEST_IMAGE or base + size > 1 << 32:
        raise ImageError(
            f"asks for {size:,} bytes of memory at 0x{base:x}; "
            f"at most {LARGEST_IMAGE:,} below 4 GB are given"
        )


def _read_sections(data: bytes, offset: int, count: int) -> tuple[SectionHeader, ...]:
    if not 0 < count <= MOST_SECTIONS:
        raise ImageError(f"names {count:,} sections; NT loads an image of 1 to {MOST_SECTIONS}")
    table = data[offset : offset + count * _SECTION_HEADER.size]
    if len(table) < count * _SECTION_HEADER.size:
        raise _cut_short()
    return tuple(map(SectionHeader._make, _SECTION_HEADER.iter_unpack(table)))


def _unpack(layout: struct.Struct, data: bytes, offset: int) -> tuple[int, ...]:
    if offset + layout.size > len(data):
        raise _cut_short()
    return layout.unpack_from(data, offset)


def _cut_short() -> ImageError:
    return ImageError("is cut short within its headers; copy the driver again")
