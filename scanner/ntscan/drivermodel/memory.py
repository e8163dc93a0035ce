"""The kernel's memory: a few regions of bytes at addresses, and a fault everywhere else."""

from enum import StrEnum
from typing import Final, TypeAlias

#: The first address of the system range on x86 and Alpha; below it lies the user range.
SYSTEM_RANGE_START: Final = 0x80000000

_LINE: Final = 0x100

FrozenRegion: TypeAlias = tuple[bytes, ...]


class Access(StrEnum):
    """What the processor tried to do at an address, in words before the address."""

    READ = "read of"
    WRITE = "write to"
    CALL = "call of"


class PageFaultError(Exception):
    """The processor touched an address that is not memory; the kernel decides what that means."""

    def __init__(self, address: int, access: Access) -> None:
        super().__init__(f"{access} {address:#010x}")
        self.address = address
        self.access = access


class Region:
    """Bytes of memory from the address ``base`` on.

    Frozen, a region is a tuple of lines; a line to which nothing was stored is the same object as
    before, so that keeping and comparing many states is cheap.
    """

    __slots__ = ("_dirty", "_frozen", "base", "data", "size")

    def __init__(self, base: int, size: int) -> None:
        self.base = base
        self.size = size
        self.data = bytearray(size)
        self._dirty = set(range(-(-size // _LINE)))
        self._frozen: FrozenRegion = (b"",) * len(self._dirty)

    def store(self, offset: int, data: bytes) -> None:
        """Replace bytes from ``offset`` on."""
        end = offset + len(data)
        self.data[offset:end] = data
        self._dirty.update(range(offset // _LINE, (end - 1) // _LINE + 1))

    def freeze(self) -> FrozenRegion:
        """Give the contents; the same object again as long as nothing was stored."""
        if self._dirty:
            lines = list(self._frozen)
            for line in self._dirty:
                lines[line] = bytes(self.data[line * _LINE : (line + 1) * _LINE])
            self._dirty.clear()
            self._frozen = tuple(lines)
        return self._frozen

    def thaw(self, contents: FrozenRegion) -> None:
        """Put back what ``freeze`` gave."""
        if contents is self._frozen and not self._dirty:
            return
        for line, (data, present) in enumerate(zip(contents, self._frozen, strict=True)):
            if data is not present or line in self._dirty:
                self.data[line * _LINE : line * _LINE + len(data)] = data
        self._dirty.clear()
        self._frozen = contents


class Memory:
    """Little-endian memory in disjoint regions; sizes of reads and writes are in bytes."""

    __slots__ = ("_regions",)

    def __init__(self, *regions: Region) -> None:
        self._regions = regions

    def read_bytes(self, address: int, size: int) -> bytes:
        """Read bytes as they are; raise ``PageFaultError`` where there is no memory."""
        for region in self._regions:
            offset = address - region.base
            if 0 <= offset <= region.size - size:
                return bytes(region.data[offset : offset + size])
        raise PageFaultError(address, Access.READ)

    def read(self, address: int, size: int = 4) -> int:
        """Read an unsigned integer; raise ``PageFaultError`` where there is no memory."""
        return int.from_bytes(self.read_bytes(address, size), "little")

    def write_bytes(self, address: int, data: bytes) -> None:
        """Write bytes as they are; raise ``PageFaultError`` where there is no memory."""
        for region in self._regions:
            offset = address - region.base
            if 0 <= offset <= region.size - len(data):
                region.store(offset, data)
                return
        raise PageFaultError(address, Access.WRITE)

    def write(self, address: int, value: int, size: int = 4) -> None:
        """Write an unsigned integer; raise ``PageFaultError`` where there is no memory."""
        self.write_bytes(address, value.to_bytes(size, "little"))

    def freeze(self) -> tuple[FrozenRegion, ...]:
        """Give the contents of every region, in order."""
        return tuple([region.freeze() for region in self._regions])

    def thaw(self, contents: tuple[FrozenRegion, ...]) -> None:
        """Put back what ``freeze`` gave."""
        for region, data in zip(self._regions, contents, strict=True):
            region.thaw(data)
