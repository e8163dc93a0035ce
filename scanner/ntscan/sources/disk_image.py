"""A disk image: the volumes in it as one tree, read through its container, and never mounted."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from ntscan.errors import SourceError
from ntscan.sources.containers.open import open_container
from ntscan.sources.description import ImageDescription, VolumeDescription
from ntscan.sources.image_hashes import ImageHashing, image_hashes
from ntscan.sources.mount import mount_volumes
from ntscan.sources.mounted_volume import MountedVolume
from ntscan.sources.source import Blocked, DirectSource, Entry, FileContent
from ntscan.sources.volumes.file_system import Node
from ntscan.sources.volumes.find import find_volumes
from ntscan.sources.volumes.volume import VolumeTable
from ntscan.vocabulary import ModificationTimeKind, TargetKind


class DiskImageSource(DirectSource):
    r"""The volumes of a disk image; paths are NT's (``C:\WINNT``), places begin with the partition.

    Nothing is read before the source is entered, and little then: tables and boot sectors.
    """

    kind = TargetKind.DISK_IMAGE

    def __init__(
        self, path: Path, target: str, *, thorough: bool, hashing: ImageHashing | None = None
    ) -> None:
        """Name an image by its (first) file; ``hashing`` says which digests are wanted of it."""
        self.target = target
        self.thorough = thorough
        self._path = path
        self._hashing = hashing or ImageHashing()
        self._opened = ExitStack()
        self._volumes: dict[str, MountedVolume] = {}
        self._blocked: tuple[Blocked, ...] = ()
        self._image: ImageDescription | None = None

    def __enter__(self) -> Self:
        """Open the container, find the volumes and mount those that can be read.

        Raises SourceError where the container is refused, or where a digest is not the one stated.
        """
        with ExitStack() as opened:
            disk = opened.enter_context(open_container(self._path))
            table = find_volumes(disk)
            mounted, self._blocked = mount_volumes(disk, table)
            self._volumes = {volume.key: volume for volume in mounted}
            self._image = ImageDescription(
                format=disk.format,
                size=disk.size,
                files=disk.files,
                hashes=image_hashes(disk, self._path, self._hashing),
                volumes=tuple(volume.description for volume in mounted),
                note="; ".join(self._notes(table)) or None,
            )
            self._opened = opened.pop_all()
        return self

    def _notes(self, table: VolumeTable) -> Iterator[str]:
        if table.note is not None:
            yield table.note
        if self._hashing.stated.is_missing(self._path):
            yield "the list of digests that was given names none of this image"

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the container; the description stays."""
        self._volumes = {}
        self._opened.close()

    @property
    def image(self) -> ImageDescription | None:
        """What the image is; known once the source was entered."""
        return self._image

    def volume_of(self, place: tuple[str, ...]) -> VolumeDescription | None:
        """Return the volume that a place begins with."""
        volume = self._volumes.get(place[0]) if place else None
        return None if volume is None else volume.description

    def volumes(self) -> Iterator[Entry | Blocked]:
        """Yield each volume's root folder, then the volumes that are refused."""
        for volume in self._volumes.values():
            yield volume.root()
        yield from self._blocked

    def list_folder(self, place: tuple[str, ...]) -> Iterator[Entry | Blocked]:
        """Yield a folder and what lies directly in it; see DirectSource.list_folder."""
        if not place or place[0] not in self._volumes:
            return
        yield from self._volumes[place[0]].list_folder(place[1:])

    def walk(self) -> Iterator[Entry | Blocked]:
        """Yield every folder and file of every volume, each folder's own before those below."""
        for volume in self._volumes.values():
            yield from volume.walk()
        yield from self._blocked

    def read(self, entry: Entry, limit: int) -> FileContent:
        """Read a whole file; see Source.read."""
        volume, node = self._find(entry)
        modified = node.modified
        if modified is not None and node.modified_kind is ModificationTimeKind.WALL_CLOCK:
            modified = modified.replace(tzinfo=None)  # Which zone it is of, no volume says.
        return FileContent(
            data=volume.file_system.read(node, limit),
            modified=modified,
            modified_kind=node.modified_kind,
        )

    def open(self, entry: Entry) -> BinaryIO:
        """Open a file; see Source.open."""
        volume, node = self._find(entry)
        return volume.file_system.open(node)

    def read_head(self, entry: Entry, length: int) -> bytes:
        """Read the start of a file; see Source.read_head."""
        volume, node = self._find(entry)
        return volume.file_system.read_head(node, length)

    def _find(self, entry: Entry) -> tuple[MountedVolume, Node]:
        volume = self._volumes[entry.place[0]]
        found = volume.find(entry.place[1:])
        if found is None:
            raise SourceError("was there a moment ago, and is no more; the image is being written")
        if found.node.is_folder:
            raise SourceError("is a folder where a file should be; look inside it by hand")
        return volume, found.node
