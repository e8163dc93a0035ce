"""The headers of a VHDX, by which it shows whether it was closed properly.

After [MS-VHDX] 2.2.2; libvhdi does not replay the log.
"""

import struct
from typing import Final

from ntscan.errors import SourceError
from ntscan.sources.containers.host_files import HostFiles

_HEADERS_AT: Final = (64 << 10, 128 << 10)
_HEADER_SIZE: Final = 4096
_HEADER: Final = struct.Struct("<4sIQ16s16s16s")  # up to LogGuid
_CHECKSUM_AT: Final = 4
_CASTAGNOLI: Final = 0x82F63B78  # CRC-32C, bits reversed


def refuse_unreplayed_log(files: HostFiles) -> None:
    """Raise SourceError where the current header names a log, whose changes must be replayed."""
    headers = [files.read(0, at, _HEADER_SIZE) for at in _HEADERS_AT]
    valid = [header for header in headers if header.startswith(b"head") and _is_whole(header)]
    if not valid:
        raise SourceError("is a VHDX whose two headers are both damaged; copy it again")
    current = max(valid, key=_sequence_number)
    if any(_HEADER.unpack_from(current)[5]):
        raise SourceError(
            "is a VHDX that was not closed properly: its log holds changes that were never "
            "replayed; run qemu-img check -r all on a copy of it, or attach the copy once"
        )


def _sequence_number(header: bytes) -> int:
    number: int = _HEADER.unpack_from(header)[2]
    return number


def _is_whole(header: bytes) -> bool:
    stored = int.from_bytes(header[_CHECKSUM_AT : _CHECKSUM_AT + 4], "little")
    return crc32c(header[:_CHECKSUM_AT] + bytes(4) + header[_CHECKSUM_AT + 4 :]) == stored


def crc32c(data: bytes) -> int:
    """Return the Castagnoli checksum, which Python's library lacks (RFC 3720, B.4)."""
    checksum = 0xFFFFFFFF
    for byte in data:
        checksum = _TABLE[(checksum ^ byte) & 0xFF] ^ (checksum >> 8)
    return checksum ^ 0xFFFFFFFF


def _table_entry(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ (_CASTAGNOLI if value & 1 else 0)
    return value


_TABLE: Final = tuple(_table_entry(value) for value in range(256))
