"""The version resource of a PE image (winver.h; Microsoft, "VS_VERSIONINFO structure")."""

import re
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from ntscan.errors import ImageError
from ntscan.evidence.characteristics import VersionResource
from ntscan.evidence.image.mapped_image import MappedImage

#: A version string longer than this many characters is cut: NT's own are under a hundred.
LONGEST_STRING: Final = 256

_DIRECTORY_ENTRY_RESOURCE: Final = 2
_RT_VERSION: Final = 16
_DIRECTORY: Final = struct.Struct("<12x2H")  # NumberOfNamedEntries, NumberOfIdEntries
_ENTRY: Final = struct.Struct("<2I")  # Name or Id, OffsetToData
_DATA_ENTRY: Final = struct.Struct("<2I8x")  # OffsetToData (an RVA), Size
_IS_DIRECTORY: Final = 0x80000000
_MOST_TYPES: Final = 1024
_MOST_VERSIONS: Final = 16

_HEAD: Final = struct.Struct("<2H2x")  # wLength, wValueLength; wType is not asked for
_KEY: Final = re.compile(rb"((?:..)*?)\0\0", re.DOTALL)
_LONGEST_BLOCK: Final = 0xFFFF
# VS_FIXEDFILEINFO: dwSignature, dwFileVersionMS, -LS, dwProductVersionMS, -LS.
_FIXED_FILE_INFO: Final = struct.Struct("<I4x4I28x")
_SIGNATURE: Final = 0xFEEF04BD
_LANGUAGE_AND_CODE_PAGE: Final = re.compile(r"[0-9A-Fa-f]{8}")
_DAMAGED: Final = "holds a version resource too damaged to read; copy the driver again"


class _Block(NamedTuple):
    """One block of a VS_VERSIONINFO: ``content`` is its value with its children behind it."""

    key: str
    value_length: int
    content: bytes


def version_resource(image: MappedImage) -> VersionResource | None:
    """Read the version resource, the first of several; ``None`` where the image holds none.

    Raises ImageError where it, or the resource directory, cannot be read.
    """
    directory = image.directory(_DIRECTORY_ENTRY_RESOURCE)
    if directory is None:
        return None
    root, _ = directory
    leaves = [
        (language, data_entry)
        for kind, names in _entries(image, root, _IS_DIRECTORY, most=_MOST_TYPES)
        if kind == _RT_VERSION
        for _, languages in _entries(image, root, names, most=_MOST_VERSIONS)
        for language, data_entry in _entries(image, root, languages, most=_MOST_VERSIONS)
    ]
    if not leaves:
        return None
    rva, size = _DATA_ENTRY.unpack(image.read(root + leaves[0][1], _DATA_ENTRY.size))
    if size > _LONGEST_BLOCK:
        raise ImageError(_DAMAGED)
    return _version(image.read(rva, size), {language & 0xFFFF for language, _ in leaves})


def _entries(image: MappedImage, root: int, offset: int, *, most: int) -> Iterator[tuple[int, int]]:
    """Yield a resource directory's entries: a name or number, and the offset of what it names."""
    if not offset & _IS_DIRECTORY:
        raise ImageError(_DAMAGED)
    rva = root + (offset & ~_IS_DIRECTORY)
    count = sum(_DIRECTORY.unpack(image.read(rva, _DIRECTORY.size)))
    if count > most:
        raise ImageError(
            f"holds a resource directory of {count:,} entries, and at most {most:,} are read; "
            "it is damaged or no driver"
        )
    yield from _ENTRY.iter_unpack(image.read(rva + _DIRECTORY.size, count * _ENTRY.size))


def _version(data: bytes, languages: set[int]) -> VersionResource:
    block = next(_blocks(data), None)
    if block is None or block.key != "VS_VERSION_INFO":
        raise ImageError(_DAMAGED)
    file_version, product_version = _fixed_versions(block)
    tables = [
        table
        for information in _blocks(block.content[_aligned(block.value_length) :])
        if information.key == "StringFileInfo"
        for table in _blocks(information.content)
        if _LANGUAGE_AND_CODE_PAGE.fullmatch(table.key)
    ]
    strings = {text.key: text.content for text in _blocks(tables[0].content)} if tables else {}
    return VersionResource(
        file_version=file_version,
        product_version=product_version,
        file_version_string=_text(strings.get("FileVersion")),
        product_version_string=_text(strings.get("ProductVersion")),
        original_filename=_text(strings.get("OriginalFilename")),
        languages=tuple(sorted(languages | {int(table.key[:4], 16) for table in tables})),
    )


def _blocks(data: bytes) -> Iterator[_Block]:
    """Yield the blocks that lie one behind the other; a damaged one ends the reading."""
    offset = 0
    while offset + _HEAD.size <= len(data):
        length, value_length = _HEAD.unpack_from(data, offset)
        end = offset + length
        key = _KEY.match(data, offset + _HEAD.size, end)
        if key is None:
            return
        yield _Block(
            key[1].decode("utf-16-le", "replace"), value_length, data[_aligned(key.end()) : end]
        )
        offset = _aligned(end)


def _fixed_versions(block: _Block) -> tuple[str | None, str | None]:
    """Return the file's and the product's version of a VS_FIXEDFILEINFO, if there is one."""
    fixed = block.content[: block.value_length]
    if len(fixed) < _FIXED_FILE_INFO.size:
        return None, None
    signature, *versions = _FIXED_FILE_INFO.unpack_from(fixed)
    if signature != _SIGNATURE:
        return None, None
    return _dotted(*versions[:2]), _dotted(*versions[2:])


def _dotted(most: int, least: int) -> str:
    return f"{most >> 16}.{most & 0xFFFF}.{least >> 16}.{least & 0xFFFF}"


def _text(value: bytes | None) -> str | None:
    if value is None:
        return None
    text = value.decode("utf-16-le", "replace").partition("\0")[0]
    return text.strip(" ")[:LONGEST_STRING]


def _aligned(offset: int) -> int:
    return (offset + 3) & ~3
