"""An image as it lies in kernel memory once NT's loader is done with it."""

from collections.abc import Mapping

from msgspec import Struct

from ntscan.vocabulary import Machine


class LoadedSection(Struct, frozen=True, kw_only=True):
    """A section's bytes, relocated, at their address; uninitialised data is zeros.

    ``size`` is the length of ``contents`` plus the zeros after it, in bytes.
    """

    name: str
    address: int
    size: int
    contents: bytes
    executable: bool
    writable: bool

    @property
    def end(self) -> int:
        """The first address after the section."""
        return self.address + self.size


class Import(Struct, frozen=True, kw_only=True):
    """A routine that the image imports: its DLL in lower case, and its name or its ordinal."""

    dll: str
    name: str | int


class RuntimeFunction(Struct, frozen=True, kw_only=True):
    """A RUNTIME_FUNCTION of an Alpha image's .pdata: where a function begins and ends."""

    begin: int
    end: int


class LoadedImage(Struct, frozen=True, kw_only=True):
    """An image at the address where it is loaded; every address is that of loaded memory.

    ``size`` is SizeOfImage in bytes. ``sections`` stand in order of their address; the first is
    the headers. ``imports`` names what stands in each slot of the import address table;
    ``exports`` where each exported name leads. ``relocated_words`` are the addresses, in order, of
    the 32-bit words that were relocated (IMAGE_REL_BASED_HIGHLOW), so that they hold an address;
    none, where the image has no relocations. ``functions`` is empty but for Alpha.
    """

    machine: Machine
    base: int
    size: int
    entry_point: int | None
    sections: tuple[LoadedSection, ...]
    imports: Mapping[int, Import]
    exports: Mapping[str, int]
    relocated_words: tuple[int, ...]
    functions: tuple[RuntimeFunction, ...]

    def section_at(self, address: int) -> LoadedSection | None:
        """Return the section that holds an address."""
        for section in self.sections:
            if section.address <= address < section.end:
                return section
        return None

    def read(self, address: int, length: int) -> bytes | None:
        """Return the bytes at an address; ``None`` where no one section holds them all."""
        section = self.section_at(address)
        if section is None or address + length > section.end:
            return None
        start = address - section.address
        return section.contents[start : start + length].ljust(length, b"\0")

    def word(self, address: int) -> int | None:
        """Return the 32-bit word at an address; ``None`` where the image has none."""
        found = self.read(address, 4)
        return None if found is None else int.from_bytes(found, "little")
