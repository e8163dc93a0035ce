"""A registry hive's base block: the header of the file, read and checked.

Names and layouts follow M. Suhanov's "Windows registry file format specification".
"""

import struct
from typing import BinaryIO, Final

from msgspec import Struct

from ntscan.errors import RegistryError, SourceError

BASE_BLOCK_SIZE: Final = 4096
#: Bytes of a whole hive. NT 4.0 keeps its hives in paged pool; they hold some MB.
HIVE_LIMIT: Final = 256 << 20


class BaseBlock(Struct, frozen=True, kw_only=True):
    """What the header of a hive says; ``bins_size`` counts the bytes of hive bins after it.

    The sequence numbers differ where the last write was cut off: such a hive is dirty.
    """

    primary_sequence_number: int
    secondary_sequence_number: int
    minor_version: int
    bins_size: int

    @property
    def is_dirty(self) -> bool:
        """Whether the last write to the hive was cut off."""
        return self.primary_sequence_number != self.secondary_sequence_number


def read_base_block(file: BinaryIO) -> BaseBlock:
    """Read and check the header of the hive in a seekable file.

    Raises RegistryError where the file is no whole hive or cannot be read.
    """
    try:
        file.seek(0)
        block = file.read(BASE_BLOCK_SIZE)
        size = file.seek(0, 2)
    except (OSError, SourceError) as error:
        raise RegistryError(f"cannot be read: {error}") from error
    _refuse_what_is_no_hive(block)
    primary, secondary = struct.unpack_from("<II", block, 4)
    major, minor = struct.unpack_from("<II", block, 20)
    (bins_size,) = struct.unpack_from("<I", block, 40)
    if major != 1 or minor < 2:  # noqa: PLR2004  the keys of 1.0 and 1.1 are laid out otherwise
        raise RegistryError(
            f"is a registry hive of format {major}.{minor}; those of NT 4.0 are 1.2 or 1.3"
        )
    announced = BASE_BLOCK_SIZE + bins_size
    if announced > HIVE_LIMIT:
        raise RegistryError(f"announces {announced:,} bytes; no hive of NT 4.0 is as large")
    if size < announced:
        raise RegistryError(
            f"is truncated: its header announces {announced:,} bytes and the file holds {size:,}; "
            "copy it again"
        )
    return BaseBlock(
        primary_sequence_number=primary,
        secondary_sequence_number=secondary,
        minor_version=minor,
        bins_size=bins_size,
    )


def _refuse_what_is_no_hive(block: bytes) -> None:
    if block.startswith((b"SZDD", b"MSCF")):
        raise RegistryError(
            "is a compressed copy of a registry hive, as NT keeps in its repair folder; expand it"
        )
    if not block.startswith(b"regf"):
        raise RegistryError('is no registry hive: it does not begin with "regf"')
    if len(block) < BASE_BLOCK_SIZE:
        raise RegistryError(f"is truncated: it holds {len(block):,} bytes of a header of 4,096")
    (stored,) = struct.unpack_from("<I", block, 508)
    computed = 0
    for (word,) in struct.iter_unpack("<I", block[:508]):
        computed ^= word
    if stored != computed:
        raise RegistryError(
            f"is damaged: the checksum of its header is {computed:#010x} and not {stored:#010x}; "
            "copy it again, or take the copy of a backup"
        )
