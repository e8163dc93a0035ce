"""Whether a host file is a disk image, or a part of one."""

import os
from pathlib import Path
from typing import Final

from ntscan.errors import SourceError
from ntscan.sources.containers.parts import first_part
from ntscan.sources.containers.recognise import SECTOR_SIZE, format_of
from ntscan.sources.host_file import open_host_file, read_host_file_head
from ntscan.sources.source import LARGEST_DRIVER

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
_PROGRAM: Final = b"MZ"
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


def image_named(path: str) -> str | None:
    """Return the path of the disk image that a file is which the user named, or None.

    Beside what image_of knows, a file is one in which volumes are found by their boot sectors, or
    that is too large for a driver and so can be nothing else. A file that cannot be read is none:
    whoever reads it as a file says why.
    """
    try:
        image = image_of(path)
        if image is None and _is_unknown(path) and (_is_too_large(path) or _holds_volumes(path)):
            return path
    except SourceError:
        return None
    return image


def _is_unknown(path: str) -> bool:
    """Say whether a file is no PE image, of which there are most, and can hold a disk."""
    if not os.path.isfile(path):  # noqa: PTH113  as in image_of
        return False
    return os.stat(path).st_size >= _SMALLEST_RAW and not read_host_file_head(  # noqa: PTH116
        path, len(_PROGRAM), follow_link=True
    ).startswith(_PROGRAM)


def _is_too_large(path: str) -> bool:
    return os.stat(path).st_size > LARGEST_DRIVER  # noqa: PTH116  a plain path, as in image_of


def _holds_volumes(path: str) -> bool:
    # What reads images is imported only where a file is no PE image, so that a driver scans fast.
    from ntscan.sources.containers.open import open_container  # noqa: PLC0415
    from ntscan.sources.volumes.find import find_volumes  # noqa: PLC0415

    with open_container(Path(path)) as disk:
        table = find_volumes(disk)
    return bool(table.volumes or table.refused)


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
