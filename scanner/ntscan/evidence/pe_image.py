"""From a file's bytes to its PE metadata; the only module that knows pefile.

Layouts: Microsoft Portable Executable and Common Object File Format Specification; winver.h for the
version resource.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

import pefile

from ntscan.errors import ImageError
from ntscan.evidence.characteristics import PEMetadata, VersionResource
from ntscan.evidence.image_checksum import image_checksum

#: The routines of ntoskrnl.exe with which a driver allocates, sends and frees an IRP (ntddk.h).
IMPORTS_THAT_MATTER: Final = ("IoAllocateIrp", "IoFreeIrp", "IofCallDriver")

#: The most sections that NT's loader accepts (PE/COFF specification, "COFF File Header").
MOST_SECTIONS: Final = 96

#: A version string longer than this many characters is cut: NT's own are under a hundred.
LONGEST_STRING: Final = 256

_Image: TypeAlias = Any  # pefile ships no types

_FIXED_FILE_INFO: Final = 0xFEEF04BD  # winver.h: VS_FFI_SIGNATURE
_KERNEL: Final = b"ntoskrnl.exe"
_MIPS: Final = (0x162, 0x166, 0x168)
_OFFSET_OF_CHECKSUM: Final = 0x40
_OFFSET_OF_SUBSYSTEM: Final = 0x44
_DIRECTORIES: Final = [
    pefile.DIRECTORY_ENTRY[name]
    for name in (
        "IMAGE_DIRECTORY_ENTRY_RESOURCE",
        "IMAGE_DIRECTORY_ENTRY_IMPORT",
        "IMAGE_DIRECTORY_ENTRY_DEBUG",
    )
]


def read_pe_image(data: bytes) -> PEMetadata:
    """Read the headers, the version resource, the imports and the debug directory of a PE image.

    Raises ImageError, whose message is a sentence without the path, where the bytes are no PE
    image, are cut short, or hold a directory that cannot be read.
    """
    if not data:
        raise ImageError("is empty (0 bytes), so there is nothing to compare")
    try:
        image = pefile.PE(data=data, fast_load=True)
        _refuse_impossible(image, len(data))
        image.parse_data_directories(directories=_DIRECTORIES)
        return _metadata(image, data)
    except ImageError:
        raise
    except pefile.PEFormatError as error:
        reason = str(error.value).strip("'. ")
        raise ImageError(f"is no PE image ({reason}); copy the driver again") from error
    except Exception as error:  # The edge of pefile: hostile bytes make it raise anything.
        raise ImageError(
            f"holds a PE directory too damaged to read ({type(error).__name__}); "
            "copy the driver again"
        ) from error


def is_native_image(head: bytes) -> bool:
    """Say whether the first bytes of a file are those of a PE image of the native subsystem."""
    if head[:2] != b"MZ":
        return False
    start = int.from_bytes(head[0x3C:0x40], "little")
    subsystem = start + 24 + _OFFSET_OF_SUBSYSTEM
    native = (pefile.SUBSYSTEM_TYPE["IMAGE_SUBSYSTEM_NATIVE"]).to_bytes(2, "little")
    return head[start : start + 4] == b"PE\0\0" and head[subsystem : subsystem + 2] == native


def machine_name(number: int) -> str:
    """Name an IMAGE_FILE_HEADER.Machine; a number that the specification lacks stays a number."""
    if number in _MIPS:
        return "mips"
    name = pefile.MACHINE_TYPE.get(number)
    if name is None or number == 0:
        return f"0x{number:04x}"
    return str(name).removeprefix("IMAGE_FILE_MACHINE_").lower()


def _metadata(image: _Image, data: bytes) -> PEMetadata:
    header, optional = image.FILE_HEADER, image.OPTIONAL_HEADER
    subsystem = pefile.SUBSYSTEM_TYPE.get(optional.Subsystem)
    return PEMetadata(
        machine=machine_name(header.Machine),
        time_date_stamp=datetime.fromtimestamp(header.TimeDateStamp, UTC),
        stored_checksum=optional.CheckSum,
        computed_checksum=image_checksum(
            data, optional.get_file_offset() + _OFFSET_OF_CHECKSUM, stored=optional.CheckSum
        ),
        subsystem=(
            f"0x{optional.Subsystem:04x}"
            if subsystem is None
            else str(subsystem).removeprefix("IMAGE_SUBSYSTEM_").lower()
        ),
        size_of_image=optional.SizeOfImage,
        version=_version(image),
        kernel_imports=_kernel_imports(image),
        debug_file_name=_debug_file_name(image),
    )


def _refuse_impossible(image: _Image, size: int) -> None:
    sections = image.FILE_HEADER.NumberOfSections
    if sections > MOST_SECTIONS:
        raise ImageError(
            f"names {sections:,} sections, and NT loads an image of at most {MOST_SECTIONS}; "
            "it is damaged or no driver"
        )
    end = max((part.PointerToRawData + part.SizeOfRawData for part in image.sections), default=0)
    if end > size:
        raise ImageError(
            f"is cut short: its sections end at byte {end:,} and the file at byte {size:,}; "
            "copy the driver again"
        )


def _version(image: _Image) -> VersionResource | None:
    entries = _version_entries(image)
    if not entries:
        return None
    # pefile takes the strings for the block where wValueLength says that there is no block.
    blocks = getattr(image, "VS_FIXEDFILEINFO", [])
    fixed = next((block for block in blocks if block.Signature == _FIXED_FILE_INFO), None)
    tables = [
        table
        for group in getattr(image, "FileInfo", [])
        for block in group
        for table in getattr(block, "StringTable", [])
    ]
    strings = tables[0].entries if tables else {}
    languages = {(leaf.data.sublang << 10) | leaf.data.lang for leaf in entries}
    languages |= {int(table.LangID[:4], 16) for table in tables}
    return VersionResource(
        file_version=_dotted(fixed.FileVersionMS, fixed.FileVersionLS) if fixed else None,
        product_version=_dotted(fixed.ProductVersionMS, fixed.ProductVersionLS) if fixed else None,
        file_version_string=_text(strings.get(b"FileVersion")),
        product_version_string=_text(strings.get(b"ProductVersion")),
        original_filename=_text(strings.get(b"OriginalFilename")),
        languages=tuple(sorted(languages)),
    )


def _version_entries(image: _Image) -> list[Any]:
    directory = getattr(image, "DIRECTORY_ENTRY_RESOURCE", None)
    if directory is None:
        if _stated(image, "IMAGE_DIRECTORY_ENTRY_RESOURCE"):
            raise ImageError("holds a resource directory too damaged to read; copy it again")
        return []
    return [
        leaf
        for kind in directory.entries
        if kind.id == pefile.RESOURCE_TYPE["RT_VERSION"]
        for name in kind.directory.entries
        for leaf in name.directory.entries
    ]


def _stated(image: _Image, directory: str) -> bool:
    index = pefile.DIRECTORY_ENTRY[directory]
    entries = image.OPTIONAL_HEADER.DATA_DIRECTORY
    return index < len(entries) and bool(entries[index].VirtualAddress)


def _kernel_imports(image: _Image) -> tuple[str, ...]:
    names = {
        symbol.name
        for library in getattr(image, "DIRECTORY_ENTRY_IMPORT", [])
        if library.dll.lower() == _KERNEL
        for symbol in library.imports
    }
    return tuple(name for name in IMPORTS_THAT_MATTER if name.encode() in names)


def _debug_file_name(image: _Image) -> str | None:
    for name in _debug_names(image):
        text = name.split(b"\0")[0].decode("utf-8", "replace")[:LONGEST_STRING]
        if text:
            return text
    return None


def _debug_names(image: _Image) -> Iterator[bytes]:
    for block in getattr(image, "DIRECTORY_ENTRY_DEBUG", []):
        entry = block.entry
        yield getattr(entry, "PdbFileName", None) or b""
        yield getattr(entry, "Data", None) or b""


def _dotted(most: int, least: int) -> str:
    return f"{most >> 16}.{most & 0xFFFF}.{least >> 16}.{least & 0xFFFF}"


def _text(value: bytes | None) -> str | None:
    if value is None:
        return None
    return value.decode("utf-8", "replace").strip("\0 ")[:LONGEST_STRING]
