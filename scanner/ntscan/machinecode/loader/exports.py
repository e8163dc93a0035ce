"""The names that an image exports ("PE Format", "The .edata Section")."""

import struct
from typing import Final

from ntscan.errors import ImageError
from ntscan.machinecode.loader.flat_image import FlatImage
from ntscan.machinecode.loader.headers import Headers

_DIRECTORY_ENTRY_EXPORT: Final = 0
# IMAGE_EXPORT_DIRECTORY: NumberOfFunctions, NumberOfNames, AddressOfFunctions, AddressOfNames,
# AddressOfNameOrdinals.
_EXPORT_DIRECTORY: Final = struct.Struct("<20x5I")
_MOST_EXPORTS: Final = 8192


def exported_names(image: FlatImage, headers: Headers) -> dict[str, int]:
    """Return the RVA that each name stands for, but for those that lead to another image.

    Raises ImageError where the export directory is damaged.
    """
    directory = headers.directory(_DIRECTORY_ENTRY_EXPORT)
    if directory is None:
        return {}
    start, size = directory
    functions, names, addresses, name_table, ordinals = _EXPORT_DIRECTORY.unpack(
        image.read(start, _EXPORT_DIRECTORY.size)
    )
    if names > _MOST_EXPORTS:
        raise ImageError(f"exports {names:,} names, and at most {_MOST_EXPORTS:,} are read")
    found = {}
    for index in range(names):
        ordinal = int.from_bytes(image.read(ordinals + 2 * index, 2), "little")
        if ordinal < functions:
            rva = image.word(addresses + 4 * ordinal)
            if rva < headers.size_of_image and not start <= rva < start + size:
                found[image.text(image.word(name_table + 4 * index))] = rva
    return found
