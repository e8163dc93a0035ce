"""The checksum of a PE image, as NT computes it of a driver (imagehlp.h: CheckSumMappedFile).

The one's complement sum of the file's 16-bit little-endian words, the checksum field itself taken
as zero, plus the file's length in bytes.
"""

from typing import Final

_FIELD_LENGTH: Final = 4
_CHUNK: Final = 4096


def image_checksum(data: bytes, field_offset: int, *, stored: int) -> int:
    """Compute the checksum of an image whose CheckSum field lies at ``field_offset`` bytes.

    One's complement writes zero in two ways; where the sum is zero, the one that ``stored``
    already uses is returned.
    """
    blank = data[:field_offset] + bytes(_FIELD_LENGTH) + data[field_offset + _FIELD_LENGTH :]
    # A number in base 0x10000 leaves the same remainder by 0xFFFF as the sum of its digits. Large
    # integers add up in C; a loop over their words would run in Python.
    total = 0
    for start in range(0, len(blank), _CHUNK):
        total += int.from_bytes(blank[start : start + _CHUNK], "little")
    total %= 0xFFFF
    if total == 0 and stored != len(data):
        total = 0xFFFF
    return total + len(data)
