"""QCOW2: QEMU's disks, plain and compressed with zlib.

Read here and not by libqcow, which silently gives wrong bytes for compressed clusters.
After QEMU's docs/interop/qcow2.
"""

import struct
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Final

from ntscan.errors import SourceError
from ntscan.sources.containers.disk_bytes import DiskBytes
from ntscan.sources.containers.host_files import HostFiles
from ntscan.sources.containers.qcow2_header import HEADER_SIZE, V3, parse_qcow2_header
from ntscan.vocabulary import ContainerFormat

_OFFSET: Final = 0x00FF_FFFF_FFFF_FE00
_COMPRESSED: Final = 1 << 62
_ALL_ZEROS: Final = 1 << 0
_COMPRESSED_SECTOR: Final = 512

# A table is read and kept in slices of 4 KB, 64 of them; of inflated clusters, 4 MB are kept.
_SLICE_SIZE: Final = 4096
_SLICES_KEPT: Final = 64
_INFLATED_KEPT: Final = 4 << 20


class Qcow2Disk(DiskBytes):
    """The active state of a QCOW2 image; its snapshots are not looked at.

    Raises SourceError where the file is none, is truncated, or is of a kind that is not read.
    """

    format = ContainerFormat.QCOW2

    def __init__(self, path: Path) -> None:
        self._file = HostFiles([path])
        self.files = self._file.paths
        try:
            self._header = parse_qcow2_header(self._file.read_up_to(0, 0, HEADER_SIZE))
            self._refuse_cut_off()
        except SourceError:
            self.close()
            raise
        self.size = self._header.size
        self._slice = lru_cache(_SLICES_KEPT)(self._read_slice)
        self._inflated = lru_cache(_INFLATED_KEPT // self._header.cluster_size)(self._inflate)

    def read_at(self, offset: int, length: int) -> bytes:
        """Read bytes of the disk: fewer only where it ends; raises SourceError."""
        pieces = self._cut_by_unit(offset, length, self._header.cluster_size)
        return b"".join(self._read_cluster(*piece) for piece in pieces)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _refuse_cut_off(self) -> None:
        if self._header.l1_table_offset + 8 * self._header.l1_size > self._file.sizes[0]:
            raise SourceError(
                "is a truncated QCOW2 image: its tables lie beyond its end; copy it again"
            )

    def _read_cluster(self, cluster: int, skipped: int, count: int) -> bytes:
        entry = self._l2_entry(cluster)
        if entry & _COMPRESSED:
            return self._inflated(entry)[skipped : skipped + count]
        if entry & _ALL_ZEROS:
            if self._header.version < V3:
                raise SourceError("is a damaged QCOW2 image: an entry of version 3 is in it")
            return bytes(count)
        start = entry & _OFFSET
        if start == 0:
            return bytes(count)
        return self._file.read(0, self._aligned(start) + skipped, count)

    def _l2_entry(self, cluster: int) -> int:
        """Return the entry of a cluster; 0 where neither it nor its table was ever written."""
        l1_index, l2_index = divmod(cluster, self._header.cluster_size // 8)
        l1_entry = self._entry(self._header.l1_table_offset, 8 * self._header.l1_size, l1_index)
        l2_table = l1_entry & _OFFSET
        if l2_table == 0:
            return 0
        return self._entry(self._aligned(l2_table), self._header.cluster_size, l2_index)

    def _entry(self, table: int, table_size: int, index: int) -> int:
        number, at = divmod(8 * index, _SLICE_SIZE)
        size = min(_SLICE_SIZE, table_size - number * _SLICE_SIZE)
        entry: int = struct.unpack_from(">Q", self._slice(table + number * _SLICE_SIZE, size), at)[
            0
        ]
        return entry

    def _read_slice(self, offset: int, size: int) -> bytes:
        return self._file.read(0, offset, size)

    def _aligned(self, offset: int) -> int:
        if offset % self._header.cluster_size:
            raise SourceError(
                f"is a damaged QCOW2 image: a cluster begins at {offset:,}, amid another; "
                "copy it again"
            )
        return offset

    def _inflate(self, entry: int) -> bytes:
        """Inflate a compressed cluster; its entry counts the 512-byte sectors it reaches into."""
        size = self._header.cluster_size
        sectors_at = 62 - (self._header.cluster_bits - 8)
        start = entry & ((1 << sectors_at) - 1)
        sectors = (entry & (_COMPRESSED - 1)) >> sectors_at
        length = (sectors + 1) * _COMPRESSED_SECTOR - start % _COMPRESSED_SECTOR
        try:
            # The last sector of the file need not be whole.
            compressed = self._file.read_up_to(0, start, length)
            inflated = zlib.decompressobj(-zlib.MAX_WBITS).decompress(compressed, size)
        except zlib.error as error:
            raise SourceError(
                f"is a damaged QCOW2 image: the cluster at {start:,} does not inflate; "
                "copy it again"
            ) from error
        if len(inflated) < size:
            raise SourceError(
                f"is a truncated or damaged QCOW2 image: the cluster at {start:,} inflates to "
                f"{len(inflated):,} bytes and not to {size:,}; copy it again"
            )
        return inflated
