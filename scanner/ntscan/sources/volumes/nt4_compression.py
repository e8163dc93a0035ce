"""Compressed NTFS files whose holes are written as clusters at LCN -1.

libntfs's authors saw on volumes of version 1.2 that a hole's run can lead to LCN -1, and left open
whether NT writes the place or the distance so (runlist.c). The Sleuth Kit reads the second and
takes the first for an address; files of the first kind are put together here, from [MS-XCA] 2.5
(LZNT1) and NTFS's compression units of 16 clusters.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from msgspec import Struct

#: The address -1 as the library shows it.
NO_CLUSTER: Final = (1 << 64) - 1
_UNIT: Final = 16
_CHUNK: Final = 4096
_COMPRESSED: Final = 0x8000


class ClusterRun(Struct, frozen=True, kw_only=True):
    """Clusters of a file: from ``vcn`` on, ``length`` of them; ``lcn`` is ``None`` in a hole."""

    vcn: int
    length: int
    lcn: int | None


def read_compressed(
    runs: Sequence[ClusterRun],
    cluster: int,
    wanted: range,
    read_clusters: Callable[[int, int], bytes],
) -> bytes:
    """Read the bytes of a range of a compressed file; raises ValueError where it is damaged.

    ``cluster`` is in bytes; ``read_clusters`` reads from an LCN on, so many clusters.
    """
    unit_size = _UNIT * cluster
    first = wanted.start // unit_size
    data = bytearray()
    for unit in range(first, -(-wanted.stop // unit_size)):
        stored = b"".join(_stored(runs, unit * _UNIT, read_clusters))
        if len(stored) < unit_size:
            stored = decompress(stored, unit_size)
        data += stored
    start = wanted.start - first * unit_size
    return bytes(data[start : start + len(wanted)])


def decompress(stream: bytes, size: int) -> bytes:
    """Decompress LZNT1 into ``size`` bytes, zeros behind the end of the stream."""
    data, place = bytearray(), 0
    while len(data) < size and place + 2 <= len(stream):
        header = int.from_bytes(stream[place : place + 2], "little")
        if not header:
            break
        chunk = stream[place + 2 : place + 3 + (header & 0xFFF)]
        data += _decompress_chunk(chunk) if header & _COMPRESSED else chunk
        data += bytes(-len(data) % _CHUNK)
        place += 3 + (header & 0xFFF)
    return bytes(data[:size].ljust(size, b"\0"))


def _stored(
    runs: Sequence[ClusterRun], vcn: int, read_clusters: Callable[[int, int], bytes]
) -> Iterator[bytes]:
    """Yield what of a compression unit is stored: its clusters before the first hole."""
    index = bisect_right(runs, vcn, key=lambda run: run.vcn) - 1
    end = vcn + _UNIT
    while vcn < end and 0 <= index < len(runs):
        run = runs[index]
        count = min(end, run.vcn + run.length) - vcn
        if run.lcn is None or count <= 0:
            return
        yield read_clusters(run.lcn + vcn - run.vcn, count)
        vcn, index = vcn + count, index + 1


def _decompress_chunk(chunk: bytes) -> bytes:
    data, place = bytearray(), 0
    while place < len(chunk):
        flags, place = chunk[place], place + 1
        for bit in range(8):
            if place >= len(chunk):
                break
            if not flags >> bit & 1:
                data.append(chunk[place])
                place += 1
                continue
            token = int.from_bytes(chunk[place : place + 2], "little")
            _repeat(data, token)
            place += 2
        if len(data) > _CHUNK:
            raise ValueError("a compressed chunk is larger than 4,096 bytes")
    return bytes(data)


def _repeat(data: bytearray, token: int) -> None:
    """Append what a token names: the fewer bits its distance needs, the more are its length's."""
    length_bits = 16 - max(4, (len(data) - 1).bit_length()) if data else 0
    distance, length = (token >> length_bits) + 1, (token & (1 << length_bits) - 1) + 3
    if not data or distance > len(data) or len(data) + length > _CHUNK:
        raise ValueError("a compressed chunk repeats bytes that are not there")
    for _ in range(length):
        data.append(data[-distance])
