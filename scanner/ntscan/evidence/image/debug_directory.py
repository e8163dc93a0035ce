"""The debug directory of a PE image: the file that holds its symbols ("PE Format", ".debug")."""

import struct
from typing import Final

from ntscan.evidence.image.mapped_image import MappedImage

_DIRECTORY_ENTRY_DEBUG: Final = 6
# IMAGE_DEBUG_DIRECTORY: Type, SizeOfData, PointerToRawData.
_ENTRY: Final = struct.Struct("<12x2I4xI")
_MOST_ENTRIES: Final = 32
_TYPE_CODEVIEW: Final = 2
_TYPE_MISC: Final = 4
_MISC_NAME: Final = 12  # IMAGE_DEBUG_MISC.Data; its names are ASCII where Unicode is 0
_CODEVIEW_NAME: Final = {b"NB10": 16, b"RSDS": 24}
_LONGEST_NAME: Final = 256


def debug_file_name(image: MappedImage) -> str | None:
    """Return the first file of symbols that is named, ``None`` where none is, or none readably.

    NT loads a driver without looking at its debug directory, so damage here is no error.
    """
    rva, size = image.directory(_DIRECTORY_ENTRY_DEBUG) or (0, 0)
    entries = image.read_up_to(rva, min(size, _MOST_ENTRIES * _ENTRY.size))
    for kind, length, offset in _ENTRY.iter_unpack(
        entries[: len(entries) // _ENTRY.size * _ENTRY.size]
    ):
        content = image.data[offset : offset + min(length, _LONGEST_NAME)]
        if kind == _TYPE_MISC:
            name = content[_MISC_NAME:]
        elif kind == _TYPE_CODEVIEW and content[:4] in _CODEVIEW_NAME:
            name = content[_CODEVIEW_NAME[content[:4]] :]
        else:
            continue
        text = name.partition(b"\0")[0].decode("utf-8", "replace")
        if text:
            return text
    return None
