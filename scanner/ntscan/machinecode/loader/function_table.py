"""Where the functions of an Alpha image begin and end ("PE Format", "The .pdata Section")."""

import struct
from typing import Final

from ntscan.errors import ImageError
from ntscan.machinecode.loader.flat_image import FlatImage
from ntscan.machinecode.loader.headers import Headers
from ntscan.machinecode.loader.loaded_image import RuntimeFunction
from ntscan.vocabulary import Machine

_DIRECTORY_ENTRY_EXCEPTION: Final = 3
# IMAGE_ALPHA_RUNTIME_FUNCTION_ENTRY: BeginAddress, EndAddress.
_RUNTIME_FUNCTION: Final = struct.Struct("<2I12x")
_MOST_FUNCTIONS: Final = 65_536


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
