"""VHD and VHDX: the disks of Virtual PC and Hyper-V, read by libvhdi."""

import struct
from pathlib import Path
from typing import Final

from ntscan.errors import SourceError
from ntscan.sources.containers.disk_bytes import DiskBytes
from ntscan.sources.containers.host_files import HostFiles, LibraryFile
from ntscan.sources.containers.libyal import LibraryHandle, library_errors, read_with
from ntscan.sources.containers.vhdx_header import refuse_unreplayed_log
from ntscan.vocabulary import ContainerFormat

# Hard Disk Footer Format and Dynamic Disk Header Format of Microsoft's "Virtual Hard Disk Image
# Format Specification" 1.0; big-endian.
_FOOTER_SIZE: Final = 512
_FOOTER_COOKIE: Final = b"conectix"
_FOOTER: Final = struct.Struct(">8sIIQI4sI4sQQ4sI")
_HEADER_COOKIE: Final = b"cxsparse"
_HEADER: Final = struct.Struct(">8sQQIII")
_FIXED: Final = 2
_DYNAMIC: Final = 3
_DIFFERENCING: Final = 4
_BLOCK_SIZES: Final = frozenset(1 << bits for bits in range(12, 29))  # Virtual PC makes 2 MB

_DIFFERENCING_REASON: Final = (
    "is a differencing disk, which holds only what changed since its parent; "
    "merge it into its parent, and scan that"
)


class VhdDisk(DiskBytes):
    """The disk in a fixed or dynamic VHD, or in a VHDX.

    Raises SourceError where the file is none, is truncated, or is of a kind that is not read.
    """

    def __init__(self, path: Path, container: ContainerFormat) -> None:
        self.format = container
        self._host_files = HostFiles([path])
        self.files = self._host_files.paths
        self._file = LibraryFile(self._host_files)
        try:
            if container is ContainerFormat.VHDX:
                refuse_unreplayed_log(self._host_files)
            else:
                _check_vhd(self._host_files)
            self._handle, self.size = _open(self._file)
        except SourceError:
            self._host_files.close()
            raise

    def read_at(self, offset: int, length: int) -> bytes:
        """Read bytes of the disk: fewer only where it ends; raises SourceError."""
        asked = self._on_disk(offset, length)
        if not asked:
            return b""
        return read_with("libvhdi", self._handle, [self._file], asked.start, len(asked))

    def close(self) -> None:
        """Let go of the file."""
        self._handle.close()
        self._host_files.close()


def _open(file: LibraryFile) -> tuple[LibraryHandle, int]:
    import pyvhdi  # noqa: PLC0415  only a VHD needs it

    with library_errors("libvhdi", [file]):
        handle = pyvhdi.file()
        handle.open_file_object(file)
        is_differencing = handle.disk_type == pyvhdi.disk_types.DIFFERENTIAL
        size: int = handle.media_size
    if is_differencing:
        raise SourceError(_DIFFERENCING_REASON)
    return handle, size


def _check_vhd(files: HostFiles) -> None:
    """Refuse what libvhdi would read wrongly or not at all, with the reason."""
    size = files.sizes[0]
    footer = files.read_up_to(0, max(size - _FOOTER_SIZE, 0), _FOOTER_SIZE)
    if footer[1:].startswith(_FOOTER_COOKIE):
        raise SourceError(
            "is a VHD of Virtual PC before 2004, whose footer is one byte short, and is not read; "
            "convert it with qemu-img convert"
        )
    if len(footer) < _FOOTER_SIZE or not footer.startswith(_FOOTER_COOKIE):
        raise SourceError("is a truncated VHD: its footer is missing; copy it again")
    _, _, _, header_at, _, _, _, _, _, current_size, _, kind = _FOOTER.unpack_from(footer)
    if kind == _DIFFERENCING:
        raise SourceError(_DIFFERENCING_REASON)
    if kind not in {_FIXED, _DYNAMIC}:
        raise SourceError(f"is a VHD of type {kind}, which is not known; copy it again")
    if kind == _FIXED and current_size > size - _FOOTER_SIZE:
        raise SourceError(
            f"is a truncated VHD: it holds {size - _FOOTER_SIZE:,} of {current_size:,} bytes; "
            "copy it again"
        )
    if kind == _DYNAMIC:
        _check_dynamic(files, header_at, current_size)


def _check_dynamic(files: HostFiles, header_at: int, current_size: int) -> None:
    cookie, _, table_at, _, entries, block = _HEADER.unpack(files.read(0, header_at, _HEADER.size))
    if cookie != _HEADER_COOKIE or block not in _BLOCK_SIZES or entries * block < current_size:
        raise SourceError("is a VHD with a damaged header; copy it again")
    if table_at + 4 * entries > files.sizes[0]:
        raise SourceError("is a truncated VHD: its table of blocks is cut off; copy it again")
