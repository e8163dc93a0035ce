"""Whether a host file is a disk image, or a part of one."""

import os
from pathlib import Path
from typing import Final

from ntscan.errors import SourceError
from ntscan.sources.containers.parts import first_part
from ntscan.sources.containers.recognise import SECTOR_SIZE, format_of
from ntscan.sources.host_file import open_host_file

#: The smallest raw disk; a single boot sector kept as a file (``bootsect.dos``) is none.
_SMALLEST_RAW: Final = 64 * 1024

#: By these names a file is taken for an image even where its content says nothing: one whose first
#: sector was zeroed or lost is scanned, so that this is said, and never silently left out.
_NAMES: Final = frozenset(
    {".000", ".001", ".aa", ".dd", ".dsk", ".e01", ".ima", ".img", ".qcow2", ".raw", ".s01"}
    | {".vdi", ".vhd", ".vhdx", ".vmdk"}
)

# A master boot record has its table at 446, four entries of 16 bytes; a boot sector begins with a
# jump and says the bytes of a sector at 11.
_SIGNATURE: Final = b"\x55\xaa"
_TABLE: Final = range(446, 510, 16)
_TYPE_AT: Final = 4
_JUMPS: Final = (0xEB, 0xE9)
_BYTES_OF_A_SECTOR: Final = slice(11, 13)
_SECTOR_SIZES: Final = (512, 1024, 2048, 4096)


def image_of(path: str) -> str | None:
    """Return the path of the disk image that a file is, or whose part it is, or None.

    A container is known by its signature, a raw disk by its first sector; both also by the ends of
    names that only images have. Raises SourceError where the file cannot be read.
    """
    if not os.path.isfile(path):  # noqa: PTH113  Path.is_file raises on what is above unreadable
        return None
    first = first_part(Path(path))
    image = path if first == Path(path) else str(first)
    return image if _holds_a_disk(image) else None


def _holds_a_disk(path: str) -> bool:
    with open_host_file(path, follow_link=True) as file:
        try:
            head = file.read(SECTOR_SIZE)
            size = os.fstat(file.fileno()).st_size
            file.seek(max(size - SECTOR_SIZE, 0))
            tail = file.read(SECTOR_SIZE)
        except OSError as error:
            raise SourceError(f"cannot be read: {error.strerror}; copy it again") from error
    if Path(path).suffix.lower() in _NAMES or format_of(head, tail) is not None:
        return True
    return size >= _SMALLEST_RAW and _begins_a_disk(head)


def _begins_a_disk(sector: bytes) -> bool:
    """Say whether a sector is a master boot record with a partition, or a boot sector."""
    if sector[-len(_SIGNATURE) :] != _SIGNATURE:
        return False
    entries = [sector[at : at + 16] for at in _TABLE]
    if all(entry[0] in (0x00, 0x80) for entry in entries) and any(e[_TYPE_AT] for e in entries):
        return True
    is_boot_code = sector[0] in _JUMPS
    return is_boot_code and int.from_bytes(sector[_BYTES_OF_A_SECTOR], "little") in _SECTOR_SIZES
