"""EWF: the images of EnCase, FTK Imager and ewfacquire (.E01), read by libewf."""

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ntscan.errors import SourceError
from ntscan.sources.containers.disk_bytes import DiskBytes, StoredHash
from ntscan.sources.containers.host_files import HostFiles, LibraryFile
from ntscan.sources.containers.library import LibraryHandle, library_errors, read_with
from ntscan.vocabulary import ContainerFormat

# After libewf's "Expert Witness Compression Format specification": the file header, and the
# descriptor of a section, of which a segment's last is "next", or "done" in the last segment.
_FILE_HEADER: Final = struct.Struct("<8sBHH")
_SIGNATURE: Final = b"EVF\x09\x0d\x0a\xff\x00"
_SECTION_SIZE: Final = 76
_NEXT: Final = b"next\0"
_DONE: Final = b"done\0"

_ALGORITHMS: Final = ("md5", "sha1")


class EwfDisk(DiskBytes):
    """The disk in the segments of an EWF image, in their order.

    Raises SourceError where a segment is missing or cut off, or the kind is not read.
    """

    format = ContainerFormat.EWF

    def __init__(self, segments: Sequence[Path]) -> None:
        self._host_files = HostFiles(segments)
        self.files = self._host_files.paths
        self._library_files = [LibraryFile(self._host_files, at) for at in range(len(segments))]
        try:
            for number in range(len(segments)):
                _check_segment(self._host_files, number)
            self._open()
        except SourceError:
            self._host_files.close()
            raise

    def read_at(self, offset: int, length: int) -> bytes:
        """Read bytes of the disk: fewer only where it ends; raises SourceError."""
        asked = self._on_disk(offset, length)
        if not asked:
            return b""
        return read_with("libewf", self._handle, self._library_files, asked.start, len(asked))

    def close(self) -> None:
        """Let go of the files."""
        self._handle.close()
        self._host_files.close()

    def _open(self) -> None:
        import pyewf  # noqa: PLC0415  only an EWF image needs it

        with library_errors("libewf", self._library_files):
            handle = pyewf.handle()
            handle.open_file_objects(self._library_files)
            self.size = handle.media_size
            stored = {
                str(name).lower(): str(value) for name, value in handle.get_hash_values().items()
            }
        self._handle: LibraryHandle = handle
        self.stored_hashes = tuple(
            StoredHash(algorithm=name, digest=stored[name].lower())
            for name in _ALGORITHMS
            if name in stored
        )


def _check_segment(files: HostFiles, number: int) -> None:
    """Refuse a segment of another kind, out of its order, or cut off."""
    name = files.name(number)
    signature, _, segment, _ = _FILE_HEADER.unpack(files.read(number, 0, _FILE_HEADER.size))
    if signature != _SIGNATURE:
        raise SourceError(
            "is an EWF image of another kind than E01 (L01 holds files and no disk, Ex01 and Lx01 "
            "are of version 2); export it as E01 or as a raw image"
        )
    if segment != number + 1:
        raise SourceError(
            f"is an EWF image of which segment {number + 1} is missing: {name} is segment "
            f"{segment}; copy all segments into one folder"
        )
    end = files.sizes[number] - _SECTION_SIZE
    last_section = files.read(number, max(end, 0), _SECTION_SIZE)
    is_last = number == len(files.paths) - 1
    if is_last and last_section.startswith(_NEXT):
        raise SourceError(
            f"is an EWF image whose segments after {name} are missing; "
            "copy all segments into one folder"
        )
    if not last_section.startswith(_DONE if is_last else _NEXT):
        raise SourceError(f"is an EWF image whose segment {name} is truncated; copy it again")
