"""VDI: VirtualBox's disks, dynamic and fixed, which no maintained library reads.

After VDICore.h of VirtualBox, whose names the fields have.
"""

import struct
from pathlib import Path
from typing import Final

from msgspec import Struct

from ntscan.errors import SourceError
from ntscan.sources.containers.disk_bytes import DiskBytes
from ntscan.sources.containers.host_files import HostFiles
from ntscan.vocabulary import ContainerFormat

HEADER_SIZE: Final = 512
_SIGNATURE_AT: Final = 64
_SIGNATURE: Final = 0xBEDA107F
# u32Signature, u32Version, cbHeader, u32Type, fFlags, szComment, offBlocks, offData,
# LegacyGeometry, u32Dummy, cbDisk, cbBlock, cbBlockExtra, cBlocks, cBlocksAllocated, uuidCreate,
# uuidModify, uuidLinkage
_HEADER: Final = struct.Struct("<IIIII256sII16s4xQIIII16s16s16s")

_DYNAMIC: Final = 1
_FIXED: Final = 2
_UNDO: Final = 3
_DIFFERENCING: Final = 4
_NEVER_WRITTEN: Final = 0xFFFFFFFF
_DISCARDED: Final = 0xFFFFFFFE
_BLOCK_SIZES: Final = frozenset(1 << bits for bits in range(12, 29))  # VirtualBox makes 1 MB


class VdiHeader(Struct, frozen=True, kw_only=True):
    """What is needed to find a block: sizes and offsets in bytes, ``c_blocks`` a number."""

    off_blocks: int
    off_data: int
    cb_disk: int
    cb_block: int
    cb_block_extra: int
    c_blocks: int


def parse_vdi_header(data: bytes) -> VdiHeader:
    """Read and check the first bytes of an image.

    Raises SourceError for what is not read, with the reason and a remedy.
    """
    if len(data) < _SIGNATURE_AT + _HEADER.size:
        raise SourceError("is a truncated VDI: its header is cut off; copy it again")
    (signature, version, _, kind, _, _, off_blocks, off_data, _, cb_disk, cb_block, extra, c_blocks,
     _, _, _, linkage) = _HEADER.unpack_from(data, _SIGNATURE_AT)  # fmt: skip
    if signature != _SIGNATURE or version >> 16 != 1:
        raise SourceError(
            f"is a VDI of version {version >> 16}.{version & 0xFFFF}, and version 1 is read; "
            "convert it with VBoxManage clonemedium"
        )
    if kind in {_UNDO, _DIFFERENCING} or any(linkage):
        raise SourceError(
            "is a differencing VDI (a snapshot), which holds only what changed since its parent; "
            "merge the snapshots, or copy the whole disk with VBoxManage clonemedium"
        )
    if kind not in {_DYNAMIC, _FIXED}:
        raise SourceError(f"is a VDI of type {kind}, which is not known; copy it again")
    if cb_block not in _BLOCK_SIZES or c_blocks * cb_block < cb_disk or extra > cb_block:
        raise SourceError(
            f"is a damaged VDI: {c_blocks:,} blocks of {cb_block:,} bytes do not make a disk of "
            f"{cb_disk:,}; copy it again"
        )
    return VdiHeader(
        off_blocks=off_blocks,
        off_data=off_data,
        cb_disk=cb_disk,
        cb_block=cb_block,
        cb_block_extra=extra,
        c_blocks=c_blocks,
    )


class VdiDisk(DiskBytes):
    """The disk in a VDI.

    Raises SourceError where the file is none, is truncated, or is of a kind that is not read.
    """

    format = ContainerFormat.VDI

    def __init__(self, path: Path) -> None:
        self._file = HostFiles([path])
        self.files = self._file.paths
        try:
            self._header = parse_vdi_header(self._file.read_up_to(0, 0, HEADER_SIZE))
            if self._header.off_blocks + 4 * self._header.c_blocks > self._file.sizes[0]:
                raise SourceError(  # noqa: TRY301  the file is closed for this one too
                    "is a truncated VDI: its block map is cut off; copy it again"
                )
        except SourceError:
            self.close()
            raise
        self.size = self._header.cb_disk

    def read_at(self, offset: int, length: int) -> bytes:
        """Read bytes of the disk: fewer only where it ends; raises SourceError."""
        pieces = self._cut_by_unit(offset, length, self._header.cb_block)
        return b"".join(self._read_block(*piece) for piece in pieces)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _read_block(self, block: int, skipped: int, count: int) -> bytes:
        header = self._header
        (place,) = struct.unpack("<I", self._file.read(0, header.off_blocks + 4 * block, 4))
        if place in {_NEVER_WRITTEN, _DISCARDED}:
            return bytes(count)
        if place >= header.c_blocks:
            raise SourceError(
                f"is a damaged VDI: its block {block:,} should be the {place:,}th of "
                f"{header.c_blocks:,} in the file; copy it again"
            )
        start = header.off_data + place * (header.cb_block + header.cb_block_extra)
        return self._file.read(0, start + header.cb_block_extra + skipped, count)
