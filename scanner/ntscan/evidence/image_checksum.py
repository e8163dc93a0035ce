"""The checksum of a PE image, as NT computes it of a driver (imagehlp.h: CheckSumMappedFile).

The one's complement sum of the file's 16-bit little-endian words, the checksum field itself taken
as zero, plus the file's length in bytes.
"""

_FIELD_LENGTH = 4


def image_checksum(data: bytes, field_offset: int, *, stored: int) -> int:
    """Compute the checksum of an image whose CheckSum field lies at ``field_offset`` bytes.

    One's complement writes zero in two ways; where the sum is zero, the one that ``stored``
    already uses is returned.
    """
    blank = data[:field_offset] + bytes(_FIELD_LENGTH) + data[field_offset + _FIELD_LENGTH :]
    # A number in base 0x10000 leaves the same remainder by 0xFFFF as the sum of its digits: one
    # division of one large integer in C, instead of a loop over its words in Python.
    total = int.from_bytes(blank, "little") % 0xFFFF
    if total == 0 and stored != len(data):
        total = 0xFFFF
    return total + len(data)
