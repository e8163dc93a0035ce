"""What a source says of the disk image that it reads: container, volumes and digests."""

from msgspec import Struct

from ntscan.vocabulary import ContainerFormat, HashOrigin, HashScope


class Mirror(Struct, frozen=True, kw_only=True):
    """The other half of a mirror of Windows NT's fault-tolerant disks.

    ``agrees`` says that it holds the same of all that was read; ``None`` until both were.
    """

    partition: int
    agrees: bool | None


class VolumeDescription(Struct, frozen=True, kw_only=True):
    """A volume: ``partition`` as an ARC path numbers it, ``offset`` and ``length`` in bytes.

    ``type`` is the partition's type as ``0x87``, ``None`` where no partition table named it.
    """

    partition: int
    offset: int
    length: int
    type: str | None
    filesystem: str
    letter: str | None
    mirror: Mirror | None


class ImageHash(Struct, frozen=True, kw_only=True):
    """A digest in hexadecimal, whose word it is, and what it is of.

    ``covers`` is ``None`` where a digest was stated, and none computed that could tell.
    """

    algorithm: str
    digest: str
    origin: HashOrigin
    covers: HashScope | None


class ImageDescription(Struct, frozen=True, kw_only=True):
    """A disk image: ``size`` of the disk in bytes, the host files that hold it, its digests.

    ``note`` says what a person should know of it: volumes that were not found by the partition
    table, an image that ends too early, a list of digests without its own.
    """

    format: ContainerFormat
    size: int
    files: tuple[str, ...]
    hashes: tuple[ImageHash, ...]
    volumes: tuple[VolumeDescription, ...]
    note: str | None
