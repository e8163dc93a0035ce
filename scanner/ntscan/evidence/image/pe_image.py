"""From a file's bytes to its PE metadata; the only module that knows pefile.

pefile reads the headers. Sections, version, imports and debug directory are read by the modules
beside this one: pefile takes eight times as long for them, and hostile bytes make it take any time
(64 KB of nested version strings: 16 seconds).
"""

from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

import pefile

from ntscan.errors import ImageError
from ntscan.evidence.characteristics import PEMetadata
from ntscan.evidence.image.debug_directory import debug_file_name
from ntscan.evidence.image.image_checksum import image_checksum
from ntscan.evidence.image.import_table import kernel_imports
from ntscan.evidence.image.mapped_image import MappedImage, read_sections
from ntscan.evidence.image.signatures import pe_signature_at
from ntscan.evidence.image.version_resource import version_resource

_Header: TypeAlias = Any  # pefile ships no types

_MIPS: Final = (0x162, 0x166, 0x168)
_OFFSET_OF_CHECKSUM: Final = 0x40
_OFFSET_OF_SUBSYSTEM: Final = 0x44
_POINTER_SIZE: Final = {
    pefile.OPTIONAL_HEADER_MAGIC_PE: 4,
    pefile.OPTIONAL_HEADER_MAGIC_PE_PLUS: 8,
}


class _Headers(pefile.PE):  # type: ignore[misc]  # pefile ships no types
    """The headers before the section table, which pefile takes most of its time for."""

    def parse_sections(self, offset: int) -> int:
        """Note where the section table begins."""
        self.sections: list[object] = []
        self.section_table = offset
        return offset

    def close(self) -> None:
        """Leave out the garbage collection that pefile ends every unreadable file with."""


def read_pe_image(data: bytes) -> PEMetadata:
    """Read the headers, the version resource, the imports and the debug directory of a PE image.

    Raises ImageError, whose message is a sentence without the path, where the bytes are no PE
    image, are cut short, or hold a directory that cannot be read.
    """
    pe_signature_at(data)
    headers = _headers(data)
    file_header, optional = headers.FILE_HEADER, headers.OPTIONAL_HEADER
    image = MappedImage(
        data=data,
        sections=read_sections(data, headers.section_table, file_header.NumberOfSections),
        directories=tuple((entry.VirtualAddress, entry.Size) for entry in optional.DATA_DIRECTORY),
        pointer_size=_POINTER_SIZE[headers.PE_TYPE],
    )
    return PEMetadata(
        machine=machine_name(file_header.Machine),
        time_date_stamp=datetime.fromtimestamp(file_header.TimeDateStamp, UTC),
        stored_checksum=optional.CheckSum,
        computed_checksum=image_checksum(
            data, optional.get_file_offset() + _OFFSET_OF_CHECKSUM, stored=optional.CheckSum
        ),
        subsystem=_subsystem_name(optional.Subsystem),
        size_of_image=optional.SizeOfImage,
        version=version_resource(image),
        kernel_imports=kernel_imports(image),
        debug_file_name=debug_file_name(image),
    )


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


def _headers(data: bytes) -> _Header:
    try:
        headers = _Headers(data=data, fast_load=True)
    except pefile.PEFormatError as error:
        reason = str(error.value).strip("'. ")
        raise ImageError(f"is no PE image ({reason}); copy the driver again") from error
    except MemoryError:
        raise  # It says nothing of the bytes: a limit was set, and is kept.
    except Exception as error:  # The edge of pefile: hostile bytes make it raise anything.
        raise ImageError(
            f"holds PE headers too damaged to read ({type(error).__name__}); copy the driver again"
        ) from error
    if headers.PE_TYPE not in _POINTER_SIZE:
        raise ImageError(
            f"is neither a PE32 nor a PE32+ image (Magic 0x{headers.OPTIONAL_HEADER.Magic:04x}); "
            "copy the driver again"
        )
    return headers


def _subsystem_name(number: int) -> str:
    name = pefile.SUBSYSTEM_TYPE.get(number)
    if name is None:
        return f"0x{number:04x}"
    return str(name).removeprefix("IMAGE_SUBSYSTEM_").lower()
