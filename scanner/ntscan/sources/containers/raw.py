"""Raw disks, whole or split: the bytes as they are, for which no library is needed."""

from collections.abc import Sequence
from pathlib import Path

from ntscan.errors import SourceError
from ntscan.sources.containers.disk_bytes import DiskBytes
from ntscan.sources.containers.host_files import HostFiles
from ntscan.sources.containers.joined import FilePiece, JoinedDisk
from ntscan.vocabulary import ContainerFormat


def open_raw(parts: Sequence[Path]) -> DiskBytes:
    """Open a raw disk by its parts in their order; raises SourceError.

    Every part but the last must be as large as the first: whatever splits a disk makes them so,
    and a part that was cut short would move all that follows it.
    """
    files = HostFiles(parts)
    try:
        _refuse_uneven(files)
    except SourceError:
        files.close()
        raise
    return JoinedDisk(
        ContainerFormat.SPLIT_RAW if len(parts) > 1 else ContainerFormat.RAW,
        files,
        [FilePiece(files, number, 0, size) for number, size in enumerate(files.sizes)],
    )


def _refuse_uneven(files: HostFiles) -> None:
    whole = files.sizes[0]
    for number, size in enumerate(files.sizes):
        is_last = number == len(files.sizes) - 1
        if size > whole or (size < whole and not is_last):
            raise SourceError(
                f"is a split image whose part {files.name(number)} holds {size:,} bytes and not "
                f"{whole:,} as its first; copy the parts again"
            )
