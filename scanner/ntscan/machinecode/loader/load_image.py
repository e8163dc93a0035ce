"""Loading a driver's image; the door of this package."""

from typing import Final

from ntscan.machinecode.loader.exports import exported_names
from ntscan.machinecode.loader.flat_image import FlatImage
from ntscan.machinecode.loader.function_table import runtime_functions
from ntscan.machinecode.loader.headers import read_headers
from ntscan.machinecode.loader.imports import import_slots
from ntscan.machinecode.loader.loaded_image import LoadedImage
from ntscan.machinecode.loader.relocations import relocate

#: Where an image that can move is loaded: in kernel memory, as NT does; a multiple of 64 KB.
LOAD_BASE: Final = 0x80400000


def load_image(data: bytes) -> LoadedImage:
    """Load the bytes of a driver's file, at ``LOAD_BASE`` if it has relocations.

    Raises ImageError, whose message is a sentence without the path, where NT 4.0 would not load
    them, where they are damaged, and where they ask for more than 32 MB.
    """
    headers = read_headers(data)
    image = FlatImage(data, headers)
    imports = import_slots(image, headers)
    exports = exported_names(image, headers)
    base = LOAD_BASE if headers.can_move else headers.image_base
    words = relocate(image, headers, base - headers.image_base) if headers.can_move else ()
    return LoadedImage(
        machine=headers.machine,
        base=base,
        size=headers.size_of_image,
        entry_point=base + headers.entry_point if headers.entry_point else None,
        sections=image.sections(base),
        imports={base + rva: routine for rva, routine in imports.items()},
        exports={name: base + rva for name, rva in exports.items()},
        relocated_words=tuple(base + rva for rva in words),
        functions=runtime_functions(image, headers),
    )
