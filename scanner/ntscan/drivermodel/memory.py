"""The kernel's memory: a few regions of bytes at addresses, and a fault everywhere else."""

from dataclasses import dataclass
from typing import Final

#: The first address of the system range on x86 and Alpha; below it lies the user range.
SYSTEM_RANGE_START: Final = 0x80000000


class PageFaultError(Exception):
    """The processor touched an address that is not memory; the kernel decides what that means."""

    def __init__(self, address: int, *, write: bool) -> None:
        super().__init__(f"{'write to' if write else 'read of'} {address:#010x}")
        self.address = address
        self.write = write


@dataclass(slots=True)
class Region:
    """Bytes of memory from the address ``base`` on."""

    base: int
    data: bytearray


class Memory:
    """Little-endian memory in disjoint regions; sizes of reads and writes are in bytes."""

    __slots__ = ("_regions",)

    def __init__(self, *regions: Region) -> None:
        self._regions = regions

    def read(self, address: int, size: int = 4) -> int:
        """Read an unsigned integer; raise ``PageFaultError`` where there is no memory."""
        for region in self._regions:
            offset = address - region.base
            if 0 <= offset <= len(region.data) - size:
                return int.from_bytes(region.data[offset : offset + size], "little")
        raise PageFaultError(address, write=False)

    def write(self, address: int, value: int, size: int = 4) -> None:
        """Write an unsigned integer; raise ``PageFaultError`` where there is no memory."""
        self.write_bytes(address, value.to_bytes(size, "little"))

    def write_bytes(self, address: int, data: bytes) -> None:
        """Write bytes as they are; raise ``PageFaultError`` where there is no memory."""
        for region in self._regions:
            offset = address - region.base
            if 0 <= offset <= len(region.data) - len(data):
                region.data[offset : offset + len(data)] = data
                return
        raise PageFaultError(address, write=True)

    def read_bytes(self, address: int, size: int) -> bytes:
        """Read bytes as they are; raise ``PageFaultError`` where there is no memory."""
        return self.read(address, size).to_bytes(size, "little")

    def snapshot(self) -> tuple[bytes, ...]:
        """Give the contents of every region, in order."""
        return tuple(bytes(region.data) for region in self._regions)

    def restore(self, contents: tuple[bytes, ...]) -> None:
        """Put back what ``snapshot`` gave."""
        for region, data in zip(self._regions, contents, strict=True):
            region.data[:] = data
