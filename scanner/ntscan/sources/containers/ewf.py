"""EWF: the images of EnCase, FTK Imager and ewfacquire (.E01), read by libewf."""

import re
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from ntscan.errors import SourceError
from ntscan.sources.containers.disk_bytes import DiskBytes, StoredHash
from ntscan.sources.containers.host_files import HostFiles, LibraryFile
from ntscan.sources.containers.libyal import LibraryHandle, library_errors, read_with
from ntscan.vocabulary import ContainerFormat

# After libewf's "Expert Witness Compression Format specification": the file header, and the
# descriptor of a section, of which a segment's last is "next", or "done" in the last segment.
_FILE_HEADER: Final = struct.Struct("<8sBHH")
_SIGNATURE: Final = b"EVF\x09\x0d\x0a\xff\x00"
_SECTION_SIZE: Final = 76
_NEXT: Final = b"next\0"
_DONE: Final = b"done\0"

#: The hexadecimal digits of each digest that is passed on.
_ALGORITHMS: Final = {"md5": 32, "sha1": 40}
#: Bytes of a chunk; EnCase makes 32 KB, and ewfacquire up to 16 MB.
_CHUNK_SIZES: Final = range(512, (16 << 20) + 1)
_CHECKSUM_SIZE: Final = 4


class EwfDisk(DiskBytes):
    """The disk in the segments of an EWF image, in their order.

    Raises SourceError where a segment is missing or cut off, or the kind is not read. A chunk
    that its checksum says is damaged is an error too; libewf hands it out as zeros and says
    nothing. So zeros count only when a chunk of zeros was read from a file.
    """

    format = ContainerFormat.EWF

    def __init__(self, segments: Sequence[Path]) -> None:
        self._host_files = HostFiles(segments)
        self.files = self._host_files.paths
        self._handed_over: list[bytes] = []
        self._library_files = [
            _SegmentFile(self._host_files, number, self._handed_over)
            for number in range(len(segments))
        ]
        self._zero_chunks: set[int] = set()
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
        first = asked.start // self._chunk_size
        last = (asked.stop - 1) // self._chunk_size
        chunks = b"".join(self._read_chunk(number) for number in range(first, last + 1))
        skipped = asked.start - first * self._chunk_size
        return chunks[skipped : skipped + len(asked)]

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
            self._chunk_size: int = handle.chunk_size
            stored = {
                str(name).lower(): str(value) for name, value in handle.get_hash_values().items()
            }
        self._handle: LibraryHandle = handle
        self.stored_hashes = tuple(_stored_hashes(stored))
        if self._chunk_size not in _CHUNK_SIZES or not self.size:
            raise SourceError(
                f"is a damaged EWF image: {self.size:,} bytes of a disk in chunks of "
                f"{self._chunk_size:,}; copy it again"
            )

    def _read_chunk(self, number: int) -> bytes:
        start = number * self._chunk_size
        length = min(self._chunk_size, self.size - start)
        self._handed_over.clear()
        data = read_with("libewf", self._handle, self._library_files, start, length)
        if number not in self._zero_chunks and not data.strip(b"\0"):
            if not any(_holds_zeros(stored, length) for stored in self._handed_over):
                raise SourceError(
                    f"is a damaged EWF image: the {length:,} bytes at {start:,} of the disk do "
                    "not match their checksum; copy it again"
                )
            self._zero_chunks.add(number)
        return data


def _stored_hashes(stored: Mapping[str, str]) -> Iterator[StoredHash]:
    """Yield the digests; a section of XML may hold any text in place of one. Raises SourceError."""
    for name, digits in _ALGORITHMS.items():
        if name not in stored:
            continue
        if not re.fullmatch(rf"[0-9A-Fa-f]{{{digits}}}", stored[name]):
            raise SourceError(
                f"is a damaged EWF image: the {name} that it stores is no digest; copy it again"
            )
        yield StoredHash(algorithm=name, digest=stored[name].lower())


class _SegmentFile(LibraryFile):
    """A segment that keeps what it hands over to libewf, in a list of all segments."""

    def __init__(self, files: HostFiles, number: int, handed_over: list[bytes]) -> None:
        super().__init__(files, number)
        self._handed_over = handed_over

    def read(self, size: int) -> bytes:
        """Read from the current place; raises SourceError where the file ends before."""
        data = super().read(size)
        self._handed_over.append(data)
        return data


def _holds_zeros(stored: bytes, length: int) -> bool:
    """Tell whether bytes are a whole chunk of zeros: compressed, or with its Adler-32 behind."""
    plain, checksum = stored[:-_CHECKSUM_SIZE], stored[-_CHECKSUM_SIZE:]
    if zlib.adler32(plain).to_bytes(_CHECKSUM_SIZE, "little") != checksum:
        inflater = zlib.decompressobj()
        try:
            plain = inflater.decompress(stored, length)
            inflater.decompress(inflater.unconsumed_tail, 1)
        except zlib.error:
            return False
        if not inflater.eof:
            return False
    return len(plain) >= length and not plain.strip(b"\0")


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
