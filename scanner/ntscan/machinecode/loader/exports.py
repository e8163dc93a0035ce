"""The names that an image exports, and its table of functions ("PE Format", .edata, .pdata)."""

import struct
from typing import Final

from ntscan.errors import ImageError
from ntscan.machinecode.loader.flat_image import FlatImage
from ntscan.machinecode.loader.headers import Headers
from ntscan.machinecode.loader.loaded_image import RuntimeFunction
from ntscan.vocabulary import Machine

_DIRECTORY_ENTRY_EXPORT: Final = 0
_DIRECTORY_ENTRY_EXCEPTION: Final = 3
# IMAGE_EXPORT_DIRECTORY: NumberOfFunctions, NumberOfNames, AddressOfFunctions, AddressOfNames,
# AddressOfNameOrdinals.
_EXPORT_DIRECTORY: Final = struct.Struct("<20x5I")
_MOST_EXPORTS: Final = 8192
# IMAGE_ALPHA_RUNTIME_FUNCTION_ENTRY: BeginAddress, EndAddress.
_RUNTIME_FUNCTION: Final = struct.Struct("<2I12x")
_MOST_FUNCTIONS: Final = 65_536


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


def runtime_functions(image: FlatImage, headers: Headers) -> tuple[RuntimeFunction, ...]:
    """Return the functions of an Alpha image in order, as far as they lie in the image.

    Read after the image has been relocated. Raises ImageError where the table is damaged.
    """
    directory = headers.directory(_DIRECTORY_ENTRY_EXCEPTION)
    if headers.machine is not Machine.ALPHA or directory is None:
        return ()
    start, size = directory
    count = size // _RUNTIME_FUNCTION.size
    if count > _MOST_FUNCTIONS:
        raise ImageError(f"names {count:,} functions, and at most {_MOST_FUNCTIONS:,} are read")
    entries = image.read(start, count * _RUNTIME_FUNCTION.size)
    return tuple(
        RuntimeFunction(begin=begin, end=end)
        for begin, end in sorted(_RUNTIME_FUNCTION.iter_unpack(entries))
        if begin < end
    )
