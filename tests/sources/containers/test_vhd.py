"""VHD and VHDX: what is cut off, depends on a parent, or was not closed properly is refused."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.containers import vhd_footer
from ntscan.errors import SourceError
from ntscan.sources.containers.open import open_container
from ntscan.sources.containers.vhdx_header import crc32c
from ntscan.vocabulary import ContainerFormat

QemuImg = Callable[..., None]

_VHDX_HEADERS_AT = (64 << 10, 128 << 10)
_SEQUENCE_NUMBER_AT = 8
_LOG_GUID_AT = 48
_FILE_PARAMETERS = bytes.fromhex("3767a1ca36fa434db3b633f0aa44e76b")


@pytest.fixture
def dynamic(qemu_img: QemuImg, raw: Path, tmp_path: Path) -> Path:
    """A dynamic VHD."""
    path = tmp_path / "dynamic.vhd"
    qemu_img("convert", "-O", "vpc", "-o", "force_size=on", raw, path)
    return path


@pytest.fixture
def vhdx(qemu_img: QemuImg, raw: Path, tmp_path: Path) -> Path:
    """A dynamic VHDX."""
    path = tmp_path / "disk.vhdx"
    qemu_img("convert", "-O", "vhdx", raw, path)
    return path


def _patch(path: Path, at: int, content: bytes) -> None:
    image = bytearray(path.read_bytes())
    image[at : at + len(content)] = content
    path.write_bytes(image)


def test_a_fixed_vhd(tmp_path: Path) -> None:
    """A fixed VHD is the disk, and its footer is no part of that."""
    disk = bytes(range(256)) * 16
    (tmp_path / "disk").write_bytes(disk + vhd_footer(len(disk)))

    with open_container(tmp_path / "disk") as opened:
        assert (opened.format, opened.size) == (ContainerFormat.VHD, len(disk))
        assert opened.read_at(0, 8192) == disk


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (bytes(512) + vhd_footer(4096), "truncated VHD: it holds 512 of 4,096 bytes"),
        (bytes(4096) + vhd_footer(4096, DiskType=4), "differencing disk"),
        (bytes(4096) + vhd_footer(4096, DiskType=3), "damaged"),
        (bytes(4096) + vhd_footer(4096, DiskType=3, DataOffset=1 << 60), "truncated or damaged"),
        (bytes(4096) + vhd_footer(4096)[:511], "before 2004"),
        (b"conectix" + bytes(504), "type 0, which is not known"),
    ],
)
def test_footers_that_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """A footer that does not fit its file, or stands for what is not read, is refused."""
    (tmp_path / "disk").write_bytes(content)

    with pytest.raises(SourceError, match=message):
        open_container(tmp_path / "disk")


@pytest.mark.parametrize(
    ("at", "content", "message"),
    [
        (512, b"cxsparsf", "damaged header"),
        (512 + 32, b"\0\0\0\0", "damaged header"),  # block size
        (512 + 32, b"\xff\xff\xff\xff", "damaged header"),
        (512 + 28, b"\0\0\0\0", "damaged header"),  # table entries
        (512 + 28, b"\xff\xff\xff\xff", "table of blocks is cut off"),
        (512 + 16, b"\0\0\1\0\0\0\0\0", "table of blocks is cut off"),  # table offset
        (1536, b"\0\0\xff\xff", "truncated or damaged"),  # the first block lies beyond the end
    ],
)
def test_dynamic_disks_that_are_refused(
    dynamic: Path, at: int, content: bytes, message: str
) -> None:
    """Tables that do not fit the file are refused; a block beyond the end is never zeros."""
    _patch(dynamic, at, content)

    with pytest.raises(SourceError, match=message), open_container(dynamic) as opened:
        opened.read_at(0, 512)


def test_a_dynamic_disk_cut_off(dynamic: Path) -> None:
    """A VHD whose footer is missing was cut off, though it begins as one."""
    dynamic.write_bytes(dynamic.read_bytes()[:-512])

    with pytest.raises(SourceError, match="footer is missing"):
        open_container(dynamic)


def _with_log(image: bytes, at: int, *, sequence_number: int) -> bytes:
    """Name a log in a header of a VHDX, with its checksum."""
    header = bytearray(image[at : at + 4096])
    struct.pack_into("<Q", header, _SEQUENCE_NUMBER_AT, sequence_number)
    header[_LOG_GUID_AT : _LOG_GUID_AT + 16] = b"\1" * 16
    header[4:8] = bytes(4)
    header[4:8] = crc32c(bytes(header)).to_bytes(4, "little")
    return image[:at] + header + image[at + 4096 :]


@pytest.mark.parametrize("at", _VHDX_HEADERS_AT)
def test_a_log_that_was_not_replayed(vhdx: Path, at: int) -> None:
    """A log counts where the current header names it, which is the whole one written last."""
    image = vhdx.read_bytes()
    vhdx.write_bytes(_with_log(image, at, sequence_number=1 << 40))
    with pytest.raises(SourceError, match="not closed properly"):
        open_container(vhdx)

    vhdx.write_bytes(_with_log(image, at, sequence_number=0))
    open_container(vhdx).close()

    torn = bytearray(_with_log(image, at, sequence_number=1 << 40))
    torn[at + 4] ^= 1
    vhdx.write_bytes(torn)
    open_container(vhdx).close()


def test_a_vhdx_with_both_headers_damaged(vhdx: Path) -> None:
    """Without a whole header it is not known whether there is a log."""
    for at in _VHDX_HEADERS_AT:
        _patch(vhdx, at + 100, b"\1")

    with pytest.raises(SourceError, match="two headers are both damaged"):
        open_container(vhdx)


def test_a_vhdx_with_a_parent(vhdx: Path) -> None:
    """A VHDX that has a parent is refused."""
    image = vhdx.read_bytes()
    metadata = image.index(b"metadata")
    item = image.index(_FILE_PARAMETERS, metadata)
    (offset,) = struct.unpack_from("<I", image, item + 16)
    _patch(vhdx, metadata + offset + 4, b"\2")

    with pytest.raises(SourceError, match="differencing disk"):
        open_container(vhdx)


def test_a_vhdx_cut_off(vhdx: Path) -> None:
    """A block that lies beyond the end of the file is an error that says so, and never zeros."""
    vhdx.write_bytes(vhdx.read_bytes()[: (8 << 20) + 4096])

    with open_container(vhdx) as opened, pytest.raises(SourceError, match="is truncated"):
        opened.read_at(0, opened.size)


@pytest.mark.parametrize(
    ("data", "checksum"),
    [(b"", 0), (bytes(32), 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43), (b"123456789", 0xE3069283)],
)
def test_the_castagnoli_checksum(data: bytes, checksum: int) -> None:
    """The checksums are those of RFC 3720, B.4."""
    assert crc32c(data) == checksum
