"""The image's memory while it is being loaded: bytes from RVA 0 to SizeOfImage."""

from typing import Final

from ntscan.errors import ImageError
from ntscan.machinecode.loader.headers import Headers, SectionHeader
from ntscan.machinecode.loader.loaded_image import LoadedSection

_CNT_CODE: Final = 0x00000020
_MEM_EXECUTE: Final = 0x20000000
_MEM_WRITE: Final = 0x80000000
_LONGEST_NAME: Final = 256


class FlatImage:
    """Headers and sections at their RVAs; every access is bounds-checked, or raises ImageError."""

    def __init__(self, data: bytes, headers: Headers) -> None:
        """Lay out an image; raises ImageError where sections overlap, or lie outside."""
        self._memory = bytearray(headers.size_of_image)
        self._parts: list[tuple[SectionHeader, int, int]] = []
        head = data[: headers.size_of_headers]
        self._memory[: len(head)] = head
        self._head_size = len(head)
        taken = headers.size_of_headers
        for section in sorted(headers.sections, key=lambda each: each.virtual_address):
            size, length = _extent(section, headers.section_alignment)
            _refuse_outside(section, size, taken=taken, image=headers.size_of_image, data=data)
            if size:
                raw = data[section.raw_offset : section.raw_offset + length]
                self._memory[section.virtual_address : section.virtual_address + length] = raw
                self._parts.append((section, size, length))
                taken = section.virtual_address + size

    def read(self, rva: int, length: int) -> bytes:
        """Return the bytes at an RVA, all of them."""
        if not 0 <= rva <= len(self._memory) - length:
            raise ImageError(
                f"names {length:,} bytes at address 0x{rva:x}, outside of its memory; "
                "copy the driver again"
            )
        return bytes(self._memory[rva : rva + length])

    def word(self, rva: int) -> int:
        """Return the 32-bit word at an RVA."""
        return int.from_bytes(self.read(rva, 4), "little")

    def write(self, rva: int, contents: bytes) -> None:
        """Put bytes at an RVA that has been read."""
        self._memory[rva : rva + len(contents)] = contents

    def text(self, rva: int) -> str:
        """Return the text at an RVA up to its NUL, of at most 256 characters."""
        if not 0 <= rva < len(self._memory):
            raise ImageError(f"names a text at address 0x{rva:x}, outside of its memory")
        found = bytes(self._memory[rva : rva + _LONGEST_NAME])
        return found.partition(b"\0")[0].decode("latin-1")

    def sections(self, base: int) -> tuple[LoadedSection, ...]:
        """Return what has been laid out, the headers first, as it lies at a base."""
        headers = LoadedSection(
            name="headers",
            address=base,
            size=self._head_size,
            contents=self.read(0, self._head_size),
            executable=False,
            writable=False,
        )
        return (headers, *(self._section(base, *part) for part in self._parts))

    def _section(self, base: int, header: SectionHeader, size: int, length: int) -> LoadedSection:
        return LoadedSection(
            name=header.name.partition(b"\0")[0].decode("latin-1"),
            address=base + header.virtual_address,
            size=size,
            contents=self.read(header.virtual_address, length),
            executable=bool(header.characteristics & (_CNT_CODE | _MEM_EXECUTE)),
            writable=bool(header.characteristics & _MEM_WRITE),
        )


def _extent(section: SectionHeader, alignment: int) -> tuple[int, int]:
    """Return how many bytes a section takes in memory, and how many of them the file fills."""
    virtual = section.virtual_size or section.raw_size
    length = min(section.raw_size, -(-virtual // alignment) * alignment)
    return max(virtual, length), length


def _refuse_outside(
    section: SectionHeader, size: int, *, taken: int, image: int, data: bytes
) -> None:
    if size and section.virtual_address < taken:
        raise ImageError(
            f"has sections that overlap at address 0x{section.virtual_address:x}; "
            "it is damaged or no driver"
        )
    if section.virtual_address + size > image:
        raise ImageError(
            f"has a section that ends at address 0x{section.virtual_address + size:x}, "
            f"and its memory ends at 0x{image:x}; it is damaged or no driver"
        )
    end = section.raw_offset + section.raw_size
    if section.raw_size and end > len(data):
        raise ImageError(
            f"is cut short: a section ends at byte {end:,} and the file at byte {len(data):,}; "
            "copy the driver again"
        )
