"""Which host files are disk images, told by their bytes; and by names that only images have.

What reads images is imported only where a file is no PE image, so that a driver scans fast.
"""

import os
import struct
from pathlib import Path
from typing import Final

from ntscan.errors import SourceError
from ntscan.sources.host_file import open_host_file
from ntscan.sources.source import LARGEST_DRIVER

#: By these names a file is taken for an image even where its content says nothing: one whose first
#: sector was zeroed or lost is scanned, so that this is said, and never silently left out.
_NAMES: Final = frozenset(
    {".000", ".001", ".aa", ".dd", ".dsk", ".e01", ".ima", ".img", ".qcow2", ".raw", ".s01"}
    | {".vdi", ".vhd", ".vhdx", ".vmdk"}
)
_SECTOR: Final = 512
#: A floppy disk of one side and 40 tracks, the smallest that NT 4.0 reads.
SMALLEST_DISK: Final = 160 * 1024
_PROGRAM: Final = b"MZ"
_SIGNATURE: Final = b"\x55\xaa"
_JUMPS: Final = (0xEB, 0xE9)  # over the BIOS parameter block of a volume
_PARTITION_TABLE: Final = 446
_PARTITION_ENTRIES: Final = struct.Struct("<B3xB11x")
_INACTIVE_OR_ACTIVE: Final = (0x00, 0x80)


def is_named_as_image(name: str) -> bool:
    """Say whether a file's name, in any letters, is one that only disk images have."""
    return os.path.splitext(name)[1].lower() in _NAMES  # noqa: PTH122  of a name, and of many


def image_of(path: str) -> str | None:
    """Return the path of the disk image that a file is, or whose part it is, or None.

    A container is known by its signature, a raw disk by a first sector that begins a disk or was
    zeroed; both also by the ends of names that only images have. Raises SourceError where the file
    cannot be read.
    """
    if not os.path.isfile(path):  # noqa: PTH113  Path.is_file raises on what is above unreadable
        return None
    if not is_named_as_image(path) and _read(path, 0, len(_PROGRAM)) == _PROGRAM:
        return None
    from ntscan.sources.containers.parts import first_part  # noqa: PLC0415

    first = first_part(Path(path))
    image = path if first == Path(path) else str(first)
    return image if _looks_like_a_disk(image) else None


def image_named(path: str) -> str | None:
    """Return the path of the disk image that a file is which the user named, or None.

    Beside what image_of knows, it is one that is too large for a driver, and so can be nothing
    else, or in which volumes are found by their boot sectors. A file that cannot be read is none:
    whoever reads it as a file says why.
    """
    try:
        image = image_of(path)
        if image is None and _is_disk_all_the_same(path):
            return path
    except SourceError:
        return None
    return image


def _looks_like_a_disk(path: str) -> bool:
    from ntscan.sources.containers.recognise import format_of  # noqa: PLC0415

    size = os.stat(path).st_size  # noqa: PTH116  a plain path, as in image_of
    head = _read(path, 0, _SECTOR)
    tail = _read(path, max(size - _SECTOR, 0), _SECTOR)
    if is_named_as_image(path) or format_of(head, tail) is not None:
        return True
    return size >= SMALLEST_DISK and (_begins_a_disk(head) or not any(head))


def _begins_a_disk(sector: bytes) -> bool:
    """Say whether a sector is a volume's boot sector or a disk's partition table."""
    if sector[-len(_SIGNATURE) :] != _SIGNATURE:
        return False
    if sector[0] in _JUMPS:
        return True
    entries = list(_PARTITION_ENTRIES.iter_unpack(sector[_PARTITION_TABLE : -len(_SIGNATURE)]))
    used = [status for status, kind in entries if kind]
    return bool(used) and all(status in _INACTIVE_OR_ACTIVE for status, _ in entries)


def _is_disk_all_the_same(path: str) -> bool:
    if not os.path.isfile(path) or _read(path, 0, len(_PROGRAM)) == _PROGRAM:  # noqa: PTH113  as above
        return False
    size = os.stat(path).st_size  # noqa: PTH116  a plain path, as in image_of
    return size > LARGEST_DRIVER or (size >= SMALLEST_DISK and _holds_volumes(path))


def _holds_volumes(path: str) -> bool:
    from ntscan.sources.containers.open import open_container  # noqa: PLC0415
    from ntscan.sources.volumes.find import find_volumes  # noqa: PLC0415

    with open_container(Path(path)) as disk:
        table = find_volumes(disk)
    return bool(table.volumes or table.refused)


def _read(path: str, offset: int, length: int) -> bytes:
    with open_host_file(path, follow_link=True) as file:
        try:
            file.seek(offset)
            return file.read(length)
        except OSError as error:
            raise SourceError(f"cannot be read: {error.strerror}; copy it again") from error
