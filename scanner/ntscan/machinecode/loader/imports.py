"""The import address table's slots, by the routine that each leads to ("PE Format", ".idata")."""

import struct
from typing import Final

from ntscan.errors import ImageError
from ntscan.machinecode.loader.flat_image import FlatImage
from ntscan.machinecode.loader.headers import Headers
from ntscan.machinecode.loader.loaded_image import Import

_DIRECTORY_ENTRY_IMPORT: Final = 1
# IMAGE_IMPORT_DESCRIPTOR: OriginalFirstThunk, Name, FirstThunk.
_DESCRIPTOR: Final = struct.Struct("<I8x2I")
_BY_ORDINAL: Final = 0x80000000
_HINT_SIZE: Final = 2
_MOST_FILES: Final = 64
_MOST_IMPORTS: Final = 8192


def import_slots(image: FlatImage, headers: Headers) -> dict[int, Import]:
    """Return what is imported by the RVA of its slot; raises ImageError where that is damaged."""
    slots: dict[int, Import] = {}
    directory = headers.directory(_DIRECTORY_ENTRY_IMPORT)
    if directory is None:
        return slots
    for index in range(_MOST_FILES):
        lookup, name, addresses = _DESCRIPTOR.unpack(
            image.read(directory[0] + index * _DESCRIPTOR.size, _DESCRIPTOR.size)
        )
        if not name:
            return slots
        _read_thunks(image, slots, image.text(name).lower(), lookup or addresses, addresses)
    raise ImageError(f"imports from more than {_MOST_FILES} files; it is damaged or no driver")


def _read_thunks(
    image: FlatImage, slots: dict[int, Import], dll: str, lookup: int, addresses: int
) -> None:
    """Read one file's lookup table; it stands beside the address table, entry for entry."""
    for offset in range(0, 4 * _MOST_IMPORTS, 4):
        thunk = image.word(lookup + offset)
        if not thunk:
            return
        image.read(addresses + offset, 4)
        if len(slots) == _MOST_IMPORTS:
            break
        name = thunk & 0xFFFF if thunk & _BY_ORDINAL else image.text(thunk + _HINT_SIZE)
        slots[addresses + offset] = Import(dll=dll, name=name)
    raise ImageError(f"imports more than {_MOST_IMPORTS:,} routines; it is damaged or no driver")
