"""EWF: segments that are missing, cut off or damaged are said, and never read as zeros."""

import hashlib
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from ntscan.errors import SourceError
from ntscan.sources.containers.disk_bytes import StoredHash
from ntscan.sources.containers.open import open_container
from ntscan.sources.image_hashes import ImageHashing, image_hashes

EwfAcquire = Callable[..., None]


@pytest.fixture
def segments(ewfacquire: EwfAcquire, tmp_path: Path) -> list[Path]:
    """An EWF image in four segments, its chunks stored plainly."""
    ewfacquire("-c", "none", "-S", "1048576", "-t", tmp_path / "disk")
    return sorted(tmp_path.glob("disk.*"))


def test_the_digest_that_is_stored(segments: list[Path], disk: bytes) -> None:
    """The digest of the disk is as the container has it, in hex."""
    md5 = hashlib.md5(disk, usedforsecurity=False).hexdigest()

    with open_container(segments[0]) as opened:
        assert opened.stored_hashes == (StoredHash(algorithm="md5", digest=md5),)
        assert opened.files == tuple(map(str, segments))


def section(kind: bytes, data: bytes, start: int) -> bytes:
    """A section of an EWF segment: its descriptor, with a checksum, and its data."""
    size = 76 + len(data)
    descriptor = struct.pack("<16sQQ40x", kind, start + size, size)
    return descriptor + struct.pack("<I", zlib.adler32(descriptor)) + data


def with_stored_md5(image: bytes, md5: str) -> bytes:
    """An EWF image whose stored MD5 is another text, in the section of XML that libewf writes."""
    start = image.index(b"data\0".ljust(16, b"\0"))
    end = start + int.from_bytes(image[start + 24 : start + 32], "little")
    xml = f'<?xml version="1.0" encoding="UTF-8"?>\n<xhash>\n\t<MD5>{md5}</MD5>\n</xhash>\n\n'
    packed = zlib.compress(b"\xef\xbb\xbf" + xml.encode())
    made = image[:end] + section(b"xhash", packed, end)
    return made + section(b"done", b"", len(made))


def test_a_stored_digest_that_is_not_the_disks(ewfacquire: EwfAcquire, tmp_path: Path) -> None:
    """It is passed on as it is stored, and refused by whoever computes another."""
    ewfacquire("-f", "ewfx", "-c", "none", "-t", tmp_path / "disk")
    image = tmp_path / "disk.e01"
    image.write_bytes(with_stored_md5(image.read_bytes(), "0" * 32))
    with open_container(image) as opened:
        assert opened.stored_hashes == (StoredHash(algorithm="md5", digest="0" * 32),)
        with pytest.raises(SourceError, match=f"{'0' * 32} was stored: it is not the image"):
            image_hashes(opened, image, ImageHashing(compute=True))


def test_a_stored_digest_that_is_none(ewfacquire: EwfAcquire, tmp_path: Path) -> None:
    """The section takes any text, such as one that acts on a terminal."""
    ewfacquire("-f", "ewfx", "-c", "none", "-t", tmp_path / "disk")
    image = tmp_path / "disk.e01"
    image.write_bytes(with_stored_md5(image.read_bytes(), "\x1b[31m" + "0" * 32))
    with pytest.raises(SourceError, match="is no digest"):
        open_container(image)


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        (0, r"segment 1 is missing: disk\.E02 is segment 2"),
        (1, r"segments after disk\.E01 are missing"),
        (3, r"segments after disk\.E03 are missing"),
    ],
)
def test_a_segment_is_missing(segments: list[Path], missing: int, message: str) -> None:
    """A missing segment is said, whether it is the first, one in the middle or the last."""
    segments[missing].unlink()
    given = segments[1] if missing == 0 else segments[0]

    with pytest.raises(SourceError, match=message):
        open_container(given)


def test_segments_in_the_wrong_order(segments: list[Path]) -> None:
    """The number in a segment counts, and not that in its name."""
    second, third = segments[1].read_bytes(), segments[2].read_bytes()
    segments[1].write_bytes(third)
    segments[2].write_bytes(second)

    with pytest.raises(SourceError, match=r"segment 2 is missing: disk\.E02 is segment 3"):
        open_container(segments[0])


@pytest.mark.parametrize("number", [0, 3])
@pytest.mark.parametrize("cut", [1, 76, 4096])
def test_a_segment_cut_off(segments: list[Path], number: int, cut: int) -> None:
    """A segment that lacks its last section is truncated."""
    segments[number].write_bytes(segments[number].read_bytes()[:-cut])

    with pytest.raises(SourceError, match=rf"segment disk\.E0{number + 1} is truncated"):
        open_container(segments[0])


@pytest.mark.parametrize("compression", ["none", "fast"])
def test_a_chunk_that_fails_its_checksum(
    ewfacquire: EwfAcquire, tmp_path: Path, disk: bytes, compression: str
) -> None:
    """A damaged chunk is an error each time it is read; those beside it are not."""
    ewfacquire("-c", compression, "-S", "1073741824", "-t", tmp_path / "disk")
    path = tmp_path / "disk.E01"
    image = bytearray(path.read_bytes())
    image[4000] ^= 1  # within the first chunk, which begins after some 2 KB of headers
    path.write_bytes(image)

    with open_container(path) as opened:
        for _ in range(2):
            with pytest.raises(SourceError, match="do not match their checksum"):
                opened.read_at(0, 512)
        assert opened.read_at(32_768, 65_536) == disk[32_768:98_304]
        assert opened.read_at(1 << 20, 65_536) == bytes(65_536)


def test_a_damaged_section(ewfacquire: EwfAcquire, tmp_path: Path) -> None:
    """An image whose sections cannot be followed is no empty disk."""
    ewfacquire("-c", "none", "-S", "1073741824", "-t", tmp_path / "disk")
    path = tmp_path / "disk.E01"
    image = bytearray(path.read_bytes())
    image[image.index(b"volume\0") + 8] ^= 1  # in the type of the section, which has a checksum
    path.write_bytes(image)

    with pytest.raises(SourceError, match="0 bytes of a disk"):
        open_container(path)


@pytest.mark.parametrize(
    "signature",
    [b"LVF\x09\x0d\x0a\xff\x00", b"EVF2\x0d\x0a\x81\x00", b"LEF2\x0d\x0a\x81\x00"],
)
def test_kinds_that_are_refused(tmp_path: Path, signature: bytes) -> None:
    """L01, Ex01 and Lx01 are recognised, and refused with what to do."""
    (tmp_path / "disk.E01").write_bytes(signature + bytes(1000))

    with pytest.raises(SourceError, match=r"another kind than E01.*export it as E01"):
        open_container(tmp_path / "disk.E01")


@pytest.mark.parametrize("length", [8, 12, 13, 80])
def test_a_stub_of_a_segment(tmp_path: Path, length: int) -> None:
    """A file that is little more than a signature is refused."""
    head = b"EVF\x09\x0d\x0a\xff\x00\x01\x01\x00\x00\x00"
    (tmp_path / "disk.E01").write_bytes((head + bytes(100))[:length])

    with pytest.raises(SourceError, match="truncated"):
        open_container(tmp_path / "disk.E01")
