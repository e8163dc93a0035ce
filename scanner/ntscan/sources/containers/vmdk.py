"""VMDK: VMware's disks, in one file or in extents beside a descriptor."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ntscan.errors import SourceError
from ntscan.sources.containers.disk_bytes import DiskBytes
from ntscan.sources.containers.host_files import HostFiles
from ntscan.sources.containers.joined import FilePiece, JoinedDisk, Piece, ZeroPiece
from ntscan.sources.containers.vmdk_descriptor import (
    DESCRIPTOR_LIMIT,
    SIGNATURE,
    Extent,
    ExtentKind,
    parse_descriptor,
)
from ntscan.sources.containers.vmdk_sparse import SparseExtent, read_sparse_header
from ntscan.sources.host_file import read_host_file
from ntscan.vocabulary import ContainerFormat


def open_vmdk(path: Path) -> DiskBytes:
    """Open a VMDK by its descriptor, or by the one file that holds all of it.

    An extent must be a regular file beside its descriptor, and no link. Raises SourceError.
    """
    files = HostFiles([path])
    try:
        if files.read_up_to(0, 0, len(SIGNATURE)) != SIGNATURE:
            return _open_sparse(files)
    except SourceError:
        files.close()
        raise
    files.close()
    return _open_described(path)


def _open_sparse(files: HostFiles) -> DiskBytes:
    header = read_sparse_header(files, 0)
    if not header.descriptor.strip(b"\0"):
        raise SourceError(
            "is one extent of a split VMDK; scan the descriptor, the small .vmdk file beside it"
        )
    extents = parse_descriptor(header.descriptor)
    if [extent.kind for extent in extents] != [ExtentKind.SPARSE]:
        raise SourceError("is a VMDK whose descriptor does not describe it; copy it again")
    size = extents[0].size
    return JoinedDisk(ContainerFormat.VMDK, files, [SparseExtent(files, 0, size)])


def _open_described(path: Path) -> DiskBytes:
    extents = parse_descriptor(read_host_file(str(path), DESCRIPTOR_LIMIT, follow_link=True).data)
    folder = path.resolve().parent
    names = dict.fromkeys(extent.file_name for extent in extents if extent.file_name)
    files = _ExtentFiles(path, [folder / name for name in names])
    numbers = {name: number for number, name in enumerate(names, start=1)}
    try:
        pieces = [_piece(files, numbers, extent) for extent in extents]
    except SourceError:
        files.close()
        raise
    return JoinedDisk(ContainerFormat.VMDK, files, pieces)


class _ExtentFiles(HostFiles):
    """The files of the extents; the descriptor, which is read no more, stands before them."""

    def __init__(self, descriptor: Path, extents: Sequence[Path]) -> None:
        super().__init__([descriptor.resolve(), *extents], follow_links=False)
        self.paths = (str(descriptor), *self.paths[1:])


def _piece(files: HostFiles, numbers: Mapping[str, int], extent: Extent) -> Piece:
    if extent.kind is ExtentKind.ZERO:
        return ZeroPiece(extent.size)
    number = numbers[extent.file_name]
    if extent.kind is ExtentKind.SPARSE:
        return SparseExtent(files, number, extent.size)
    if extent.start + extent.size > files.sizes[number]:
        raise SourceError(
            f"is a VMDK whose extent {extent.file_name} is truncated: it holds "
            f"{files.sizes[number]:,} of {extent.start + extent.size:,} bytes; copy it again"
        )
    return FilePiece(files, number, extent.start, extent.size)
