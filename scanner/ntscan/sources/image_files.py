"""Which files of a folder are disk images, so that each image is found once, by its first file.

Whoever searches a folder looks at every file in it, and only at a first and a last sector.
recognise.py looks deeper, at one file that is to be scanned.
"""

import os
from pathlib import Path
from typing import Final

from ntscan.errors import SourceError
from ntscan.sources.containers.parts import first_part
from ntscan.sources.containers.recognise import SECTOR_SIZE, format_of
from ntscan.sources.host_file import open_host_file
from ntscan.sources.recognise import SMALLEST_DISK, is_boot_record

#: By these names a file is taken for an image even where its content says nothing: one whose first
#: sector was lost is scanned, so that this is said, and never silently left out.
_NAMES: Final = frozenset(
    {".000", ".001", ".aa", ".dd", ".dsk", ".e01", ".ima", ".img", ".qcow2", ".raw", ".s01"}
    | {".vdi", ".vhd", ".vhdx", ".vmdk"}
)


def image_of(path: str) -> str | None:
    """Return the path of the disk image that a file is, or whose part it is, or None.

    A container is known by its signature, a raw disk by a first sector that begins a disk or was
    zeroed; both also by the ends of names that only images have. Raises SourceError where the file
    cannot be read.
    """
    if not os.path.isfile(path):  # noqa: PTH113  Path.is_file raises on what is above unreadable
        return None
    first = first_part(Path(path))
    image = path if first == Path(path) else str(first)
    return image if _looks_like_a_disk(image) else None


def _looks_like_a_disk(path: str) -> bool:
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
    return size >= SMALLEST_DISK and (is_boot_record(head) or not any(head))
