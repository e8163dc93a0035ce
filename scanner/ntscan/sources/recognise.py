"""Which files are disk images: told by their first bytes, and never by their names.

What reads images is imported only where a file is no PE image, so that a driver scans fast.
"""

import struct
from pathlib import Path
from typing import Final

from ntscan.errors import SourceError
from ntscan.sources.host_file import read_host_file_head
from ntscan.sources.source import LARGEST_DRIVER

_SECTOR: Final = 512
#: A floppy disk of one side and 40 tracks, the smallest that NT 4.0 reads.
_SMALLEST_DISK: Final = 160 * 1024
_SIGNATURE: Final = b"\x55\xaa"
_PARTITION_TABLE: Final = 446
_PARTITION_ENTRIES: Final = struct.Struct("<B3xB11x")
_INACTIVE_OR_ACTIVE: Final = (0x00, 0x80)


def is_disk_image(path: Path) -> bool:
    """Say whether a host file holds a disk: a container, a raw disk or volume, or a part of one.

    A file that cannot be read is none; whoever reads it as a file will say why.
    """
    try:
        head = read_host_file_head(str(path), _SECTOR, follow_link=True)
    except SourceError:
        return False
    if head.startswith(b"MZ"):
        return False
    from ntscan.sources.containers.parts import first_part  # noqa: PLC0415
    from ntscan.sources.containers.recognise import container_format  # noqa: PLC0415

    if container_format(path) is not None:
        return True  # The descriptor of a VMDK can be shorter than a sector.
    size = path.stat().st_size
    if size >= _SECTOR and first_part(path) != path:
        return True
    if size < _SMALLEST_DISK:
        return False
    return _is_boot_record(head) or (size % _SECTOR == 0 and _holds_volumes(path))


def is_too_large_for_a_driver(path: Path) -> bool:
    """Say whether a file that a user names can be nothing but a disk, damaged as it may be."""
    return path.is_file() and path.stat().st_size > LARGEST_DRIVER


def _is_boot_record(sector: bytes) -> bool:
    """Say whether a sector is a volume's boot sector or a disk's partition table."""
    if sector[-2:] != _SIGNATURE:
        return False
    if sector[0] in (0xEB, 0xE9):  # a jump over the BIOS parameter block
        return True
    entries = list(_PARTITION_ENTRIES.iter_unpack(sector[_PARTITION_TABLE:-2]))
    used = [status for status, kind in entries if kind]
    return bool(used) and all(status in _INACTIVE_OR_ACTIVE for status, _ in entries)


def _holds_volumes(path: Path) -> bool:
    """Search a file that begins with neither for boot sectors, as a disk's whose table is gone."""
    from ntscan.sources.containers.open import open_container  # noqa: PLC0415
    from ntscan.sources.volumes.find import find_volumes  # noqa: PLC0415

    try:
        with open_container(path) as disk:
            table = find_volumes(disk)
    except SourceError:
        return False
    return bool(table.volumes or table.refused)
