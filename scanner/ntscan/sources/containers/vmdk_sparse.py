"""Sparse extents of VMDK disks, stream-optimised ones included, read by libvmdk.

libvmdk is given one extent at a time, with a descriptor of ours: it reads ``FLAT`` extents that do
not begin at the start of their file wrongly, and knows no ``ZERO`` extents.
"""

import io
import struct
from typing import Final

from msgspec import Struct

from ntscan.errors import SourceError
from ntscan.sources.containers.host_files import HostFiles, LibraryFile
from ntscan.sources.containers.joined import Piece
from ntscan.sources.containers.libyal import LibraryHandle, library_errors, read_with
from ntscan.sources.containers.vmdk_descriptor import DESCRIPTOR_LIMIT, SECTOR_SIZE

SIGNATURE: Final = b"KDMV"
#: The signature of ESX's sparse extents, which only snapshots and old thin disks have.
COWD_SIGNATURE: Final = b"COWD"

# SparseExtentHeader, "Virtual Disk Format 5.0": after magicNumber.
_HEADER: Final = struct.Struct("<4sIIQQQQIQQQ")
# libvmdk takes the entry 1, which stands for zeros where this flag is, for the place of a grain.
_ZEROED_GRAINS: Final = 1 << 2
_COMPRESSED_GRAINS: Final = 1 << 16
_GRAIN_SECTORS: Final = frozenset(1 << bits for bits in range(3, 12))  # 4 KB to 1 MB
_ENTRIES_PER_TABLE: Final = 512
_DIRECTORY_AT_END: Final = 0xFFFFFFFFFFFFFFFF

# libvmdk looks for every one of these comments.
_DESCRIPTOR: Final = """# Disk DescriptorFile
version=1
CID=fffffffe
parentCID=ffffffff
createType="{create_type}"

# Extent description
RW {sectors} SPARSE "extent"

# The Disk Data Base
#DDB
"""


class SparseHeader(Struct, frozen=True, kw_only=True):
    """What the header of a sparse extent says: its size on the disk in bytes, and its descriptor.

    ``descriptor`` is empty in an extent of a split disk, whose descriptor is a file of its own.
    """

    size: int
    descriptor: bytes
    is_stream_optimized: bool


def read_sparse_header(files: HostFiles, number: int) -> SparseHeader:
    """Read and check the header of a sparse extent; raises SourceError."""
    head = files.read(number, 0, SECTOR_SIZE)
    if head.startswith(COWD_SIGNATURE):
        raise SourceError(
            "is a sparse VMDK of VMware ESX (COWD), which is not read; "
            "export the virtual machine, or convert it with qemu-img convert"
        )
    if not head.startswith(SIGNATURE):
        raise SourceError(
            f"is a VMDK whose sparse extent {files.name(number)} does not begin as one; "
            "copy it again"
        )
    _, _, flags, capacity, grain, at, length, entries, _, directory, _ = _HEADER.unpack_from(head)
    tables = -(-capacity // (grain * _ENTRIES_PER_TABLE)) if grain else 0
    if grain not in _GRAIN_SECTORS or entries != _ENTRIES_PER_TABLE or not capacity:
        raise SourceError("is a VMDK with a damaged header; copy it again")
    if flags & _ZEROED_GRAINS:
        raise SourceError(
            "is a VMDK with zeroed-grain entries, which are not read; "
            "convert it with qemu-img convert"
        )
    if directory != _DIRECTORY_AT_END and (
        directory * SECTOR_SIZE + tables * 4 > files.sizes[number]
    ):
        raise SourceError("is a truncated or damaged VMDK: its tables lie beyond it; copy it again")
    length = min(length * SECTOR_SIZE, DESCRIPTOR_LIMIT)
    return SparseHeader(
        size=capacity * SECTOR_SIZE,
        descriptor=files.read(number, at * SECTOR_SIZE, length) if at else b"",
        is_stream_optimized=bool(flags & _COMPRESSED_GRAINS),
    )


class SparseExtent(Piece):
    """A sparse extent; libvmdk opens it when it is first read."""

    def __init__(self, files: HostFiles, number: int, size: int) -> None:
        self.size = size
        self._header = read_sparse_header(files, number)
        if self._header.size < size:
            raise SourceError(
                f"is a VMDK whose extent {files.name(number)} holds {self._header.size:,} bytes "
                f"where its descriptor says {size:,}; copy the files again"
            )
        self._file = LibraryFile(files, number)
        self._handle: LibraryHandle | None = None

    def read(self, offset: int, length: int) -> bytes:
        """Read exactly ``length`` bytes of the extent; raises SourceError."""
        if self._handle is None:
            self._handle = self._open()
        return read_with("libvmdk", self._handle, [self._file], offset, length)

    def _open(self) -> LibraryHandle:
        import pyvmdk  # noqa: PLC0415  only a sparse VMDK needs it

        descriptor = _DESCRIPTOR.format(
            create_type="streamOptimized"
            if self._header.is_stream_optimized
            else "twoGbMaxExtentSparse",
            sectors=self._header.size // SECTOR_SIZE,
        )
        with library_errors("libvmdk", [self._file]):
            handle = pyvmdk.handle()
            handle.open_file_object(io.BytesIO(descriptor.encode("ascii")))
            handle.open_extent_data_files_as_file_objects([self._file])
        opened: LibraryHandle = handle
        return opened
