"""The part of a disk that the Sleuth Kit sees: one volume."""

import pytsk3

from ntscan.errors import SourceError
from ntscan.sources.containers.disk_bytes import DiskBytes


class Window(pytsk3.Img_Info):  # type: ignore[misc]  # pytsk3 has no types
    """A volume's bytes as the library asks for them: nothing before it, nothing behind it."""

    def __init__(self, disk: DiskBytes, offset: int, length: int) -> None:
        self._disk, self._offset, self._length = disk, offset, length
        self._failure: str | None = None
        super().__init__(url="", type=pytsk3.TSK_IMG_TYPE_EXTERNAL)

    def read(self, offset: int, size: int) -> bytes:
        """Read for the library, which may hide what is raised here."""
        wanted = max(0, min(size, self._length - offset))
        try:
            data = self._disk.read_at(self._offset + offset, wanted)
        except SourceError as error:
            self._failure = str(error)
            raise OSError(self._failure) from error
        if len(data) < wanted:
            self._failure = "the image ends too early"
            raise OSError(self._failure)
        return data

    def get_size(self) -> int:
        """Return the volume's length in bytes, less what the image lacks."""
        return self._length

    def take_failure(self) -> str | None:
        """Return what failed since this was last asked."""
        failure, self._failure = self._failure, None
        return failure
