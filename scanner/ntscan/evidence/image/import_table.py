"""The import table of a PE image: what it takes from ntoskrnl.exe ("PE Format", ".idata")."""

import struct
from collections.abc import Iterator
from typing import Final

from ntscan.errors import ImageError
from ntscan.evidence.image.mapped_image import MappedImage

#: The routines of ntoskrnl.exe with which a driver allocates, sends and frees an IRP (ntddk.h).
IMPORTS_THAT_MATTER: Final = ("IoAllocateIrp", "IoFreeIrp", "IofCallDriver")

_DIRECTORY_ENTRY_IMPORT: Final = 1
_KERNEL: Final = b"ntoskrnl.exe"
# IMAGE_IMPORT_DESCRIPTOR: OriginalFirstThunk, Name, FirstThunk.
_DESCRIPTOR: Final = struct.Struct("<I8x2I")
_THUNK: Final = {4: struct.Struct("<I"), 8: struct.Struct("<Q")}
_HINT_SIZE: Final = 2
_LONGEST_NAME: Final = 64
_MOST_FILES: Final = 64
_MOST_IMPORTS: Final = 4096


def kernel_imports(image: MappedImage) -> tuple[str, ...]:
    """Return those of ``IMPORTS_THAT_MATTER`` that the image imports.

    Raises ImageError where the import table cannot be read.
    """
    names = {
        name
        for file_name, lookup_table in _imported_files(image)
        if file_name.lower() == _KERNEL
        for name in _imported_names(image, lookup_table)
    }
    return tuple(name for name in IMPORTS_THAT_MATTER if name.encode() in names)


def _imported_files(image: MappedImage) -> Iterator[tuple[bytes, int]]:
    """Yield each imported file's name and the RVA of its import lookup table."""
    directory = image.directory(_DIRECTORY_ENTRY_IMPORT)
    if directory is None:
        return
    rva, _ = directory
    for index in range(_MOST_FILES):
        lookup, name, address = _DESCRIPTOR.unpack(
            image.read(rva + index * _DESCRIPTOR.size, _DESCRIPTOR.size)
        )
        if not name:
            return
        # Some linkers leave the lookup table out; then the address table holds the names.
        yield _string(image, name), lookup or address
    raise ImageError(f"imports from more than {_MOST_FILES} files; it is damaged or no driver")


def _imported_names(image: MappedImage, table: int) -> Iterator[bytes]:
    thunk = _THUNK[image.pointer_size]
    by_ordinal = 1 << (thunk.size * 8 - 1)
    thunks = image.read_up_to(table, _MOST_IMPORTS * thunk.size)
    for (name,) in thunk.iter_unpack(thunks[: len(thunks) // thunk.size * thunk.size]):
        if not name:
            return
        if not name & by_ordinal:
            yield _string(image, name + _HINT_SIZE)
    raise ImageError(
        f"imports without end, or more than {_MOST_IMPORTS:,} routines of one file; "
        "it is damaged or no driver"
    )


def _string(image: MappedImage, rva: int) -> bytes:
    """Return a text up to its NUL; no name that matters is longer than what is read of it."""
    text = image.read_up_to(rva, _LONGEST_NAME)
    if not text:
        raise ImageError(
            f"imports a name at address 0x{rva:x}, which none of its sections holds; "
            "copy the driver again"
        )
    return text.partition(b"\0")[0]
