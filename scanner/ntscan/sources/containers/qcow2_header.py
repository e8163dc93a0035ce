"""The header of a QCOW2 image, and the kinds that are refused by it.

After QEMU's docs/interop/qcow2; field and bit names are its own.
"""

import struct
from typing import Final

from msgspec import Struct

from ntscan.errors import SourceError

MAGIC: Final = b"QFI\xfb"
_V2: Final = struct.Struct(">4sIQIIQIIQQIIQ")
_V3: Final = struct.Struct(">QQQII")
_COMPRESSION_TYPE_AT: Final = 104
HEADER_SIZE: Final = 105
V3: Final = 3

_CLUSTER_BITS: Final = range(9, 22)  # 512 bytes to 2 MB, as QEMU has it
#: Bytes of the L1 table, as QEMU has it.
_L1_LIMIT: Final = 32 << 20

_INCOMPATIBLE: Final = (
    (1 << 0, "was not closed properly (dirty); run qemu-img check -r all on a copy of it"),
    (1 << 1, "is marked corrupt; run qemu-img check -r all on a copy of it"),
    (1 << 2, "keeps its data in an external file; convert it with qemu-img convert"),
    (1 << 3, "is not compressed with zlib; convert it with qemu-img convert"),
    (1 << 4, "has extended L2 entries; convert it with qemu-img convert"),
)


class Qcow2Header(Struct, frozen=True, kw_only=True):
    """What is needed to find a cluster: sizes and offsets in bytes, ``l1_size`` in entries."""

    version: int
    size: int
    cluster_bits: int
    l1_size: int
    l1_table_offset: int

    @property
    def cluster_size(self) -> int:
        """Bytes of a cluster, and of an L2 table."""
        return 1 << self.cluster_bits


def parse_qcow2_header(data: bytes) -> Qcow2Header:
    """Read and check the first bytes of an image.

    Raises SourceError for what is not read, with the reason and a remedy.
    """
    if len(data) < 8 or not data.startswith(MAGIC):  # noqa: PLR2004  magic and version
        raise SourceError("is no QCOW2 image, or a truncated one; copy it again")
    (version,) = struct.unpack_from(">I", data, 4)
    if version not in {2, V3}:
        raise SourceError(
            f"is a QCOW image of version {version}, and versions 2 and 3 are read; "
            "convert it with qemu-img convert -O qcow2"
        )
    if len(data) < _V2.size + (_V3.size if version == V3 else 0):
        raise SourceError("is a truncated QCOW2 image: its header is cut off; copy it again")
    _, _, backing, _, bits, size, crypt, l1_size, l1_offset, *_ = _V2.unpack_from(data)
    if backing:
        raise SourceError(
            "is a QCOW2 image with a backing file, of which it holds only the changes; "
            "convert it where its backing file is, with qemu-img convert -O qcow2"
        )
    if crypt:
        raise SourceError("is an encrypted QCOW2 image; decrypt it with qemu-img convert")
    if version == V3:
        _refuse_by_features(data)
    header = Qcow2Header(
        version=version, size=size, cluster_bits=bits, l1_size=l1_size, l1_table_offset=l1_offset
    )
    _refuse_absurd(header)
    return header


def _refuse_by_features(data: bytes) -> None:
    incompatible, _, _, _, header_length = _V3.unpack_from(data, _V2.size)
    for bit, reason in _INCOMPATIBLE:
        if incompatible & bit:
            raise SourceError(f"is a QCOW2 image that {reason}")
    if incompatible:
        raise SourceError(
            f"is a QCOW2 image with features that are not known here ({incompatible:#x}); "
            "convert it with qemu-img convert"
        )
    compression_type = data[_COMPRESSION_TYPE_AT : _COMPRESSION_TYPE_AT + 1]
    if header_length > _COMPRESSION_TYPE_AT and compression_type not in {b"", b"\0"}:
        raise SourceError("is a QCOW2 image with a damaged header; copy it again")


def _refuse_absurd(header: Qcow2Header) -> None:
    if header.cluster_bits not in _CLUSTER_BITS:
        raise SourceError(
            f"is a damaged QCOW2 image: its clusters are of 2^{header.cluster_bits} bytes; "
            "copy it again"
        )
    reached = header.l1_size * (header.cluster_size // 8) * header.cluster_size
    if header.l1_size * 8 > _L1_LIMIT or reached < header.size:
        raise SourceError(
            f"is a damaged QCOW2 image: its table of {header.l1_size:,} entries "
            f"does not fit a disk of {header.size:,} bytes; copy it again"
        )
    if header.l1_table_offset % header.cluster_size:
        raise SourceError("is a damaged QCOW2 image: its table is misplaced; copy it again")
