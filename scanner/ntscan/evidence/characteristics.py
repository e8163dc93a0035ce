"""The types of evidence: files, their PE metadata, and the system around them (OVAL: items)."""

from datetime import datetime

from msgspec import Struct

from ntscan.evidence.system_evidence import NO_HIVES, SystemEvidence
from ntscan.sources.description import VolumeDescription
from ntscan.vocabulary import FileRole, ModificationTimeKind, Stage


class VersionResource(Struct, frozen=True, kw_only=True):
    """What a VERSIONINFO resource says (winver.h: VS_FIXEDFILEINFO and the string tables).

    ``file_version`` and ``product_version`` are the binary ones of VS_FIXEDFILEINFO as four dotted
    integers, the ``..._string`` fields those of the first string table; ``None`` where the resource
    does not hold one. ``languages`` are Windows language identifiers, ascending: that of the
    resource's directory entry and those of its string tables.
    """

    file_version: str | None
    product_version: str | None
    file_version_string: str | None
    product_version_string: str | None
    original_filename: str | None
    languages: tuple[int, ...]


class PEMetadata(Struct, frozen=True, kw_only=True):
    """What the headers and directories of a PE image say (Microsoft PE/COFF specification).

    ``machine`` is the name of IMAGE_FILE_HEADER.Machine, or its number as ``0x1234`` where the
    specification has none. ``time_date_stamp`` is the link time in UTC. Sizes are bytes.
    ``kernel_imports`` are those names of ``IMPORTS_THAT_MATTER`` that the image imports.
    """

    machine: str
    time_date_stamp: datetime
    stored_checksum: int
    computed_checksum: int
    subsystem: str
    size_of_image: int
    version: VersionResource | None
    kernel_imports: tuple[str, ...]
    debug_file_name: str | None

    @property
    def checksum_valid(self) -> bool | None:
        """Whether the stored checksum is the computed one; ``None`` where none is stored (0)."""
        if self.stored_checksum == 0:
            return None
        return self.stored_checksum == self.computed_checksum


class NotAnImage(Struct, frozen=True, kw_only=True):
    """The file was read and is no PE image; ``reason`` is a sentence without the path."""

    reason: str


class Hashes(Struct, frozen=True, kw_only=True):
    """Digests of a file's bytes in lower-case hexadecimal."""

    md5: str
    sha1: str
    sha256: str


class FileItem(Struct, frozen=True, kw_only=True):
    """One file whose name a rule names: size in bytes, modification time as ``modified_kind`` says.

    ``place`` is what its source finds it by, ``volume`` that of a disk image on which it lies.
    ``decides`` tells the copy that speaks for its system from the copies that are only shown.
    """

    path: str
    place: tuple[str, ...]
    volume: VolumeDescription | None
    name: str
    role: FileRole
    decides: bool
    size: int
    modified: datetime | None
    modified_kind: ModificationTimeKind | None
    hashes: Hashes
    image: PEMetadata | NotAnImage


class CollectionError(Struct, frozen=True, kw_only=True):
    """A place that could not be read; ``file_name`` is the name a rule looks for there, if one.

    ``decides`` says that the file that speaks for a system lies, or may lie, there.
    """

    path: str
    stage: Stage
    message: str
    file_name: str | None
    decides: bool


class SystemCharacteristics(Struct, frozen=True, kw_only=True):
    r"""All that was collected about one NT system, or about a folder or file outside any.

    ``root`` is the system root (``C:\WINNT``) or ``None`` outside a system. ``is_nt`` says that a
    file missing here is missing from Windows NT, and not merely from some folder. ``registry`` is
    what its hives say, as far as there are any. ``missing_images`` names the files that are not
    where the registry says. ``volume`` is that of a disk image on which the system lies.
    """

    root: str | None
    is_nt: bool
    files: tuple[FileItem, ...]
    errors: tuple[CollectionError, ...] = ()
    registry: SystemEvidence = NO_HIVES
    missing_images: tuple[str, ...] = ()
    volume: VolumeDescription | None = None
