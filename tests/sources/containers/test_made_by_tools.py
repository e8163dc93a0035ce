"""Every container that QEMU and libewf's tools make is read as the disk that went into it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ntscan.sources.containers.disk_bytes import DiskBytes
from ntscan.sources.containers.open import open_container
from ntscan.vocabulary import ContainerFormat

Differences = Callable[[DiskBytes], list[tuple[int, int]]]

_BY_QEMU = [
    (ContainerFormat.VMDK, "-O vmdk -o subformat=monolithicSparse", 1),
    (ContainerFormat.VMDK, "-O vmdk -o subformat=monolithicFlat", 2),
    (ContainerFormat.VMDK, "-O vmdk -o subformat=twoGbMaxExtentSparse", 2),
    (ContainerFormat.VMDK, "-O vmdk -o subformat=twoGbMaxExtentFlat", 2),
    (ContainerFormat.VMDK, "-O vmdk -o subformat=streamOptimized", 1),
    (ContainerFormat.VHD, "-O vpc -o subformat=fixed,force_size=on", 1),
    (ContainerFormat.VHD, "-O vpc -o subformat=dynamic,force_size=on", 1),
    (ContainerFormat.VHDX, "-O vhdx -o subformat=dynamic", 1),
    (ContainerFormat.VHDX, "-O vhdx -o subformat=fixed", 1),
    (ContainerFormat.QCOW2, "-O qcow2 -o compat=0.10", 1),
    (ContainerFormat.QCOW2, "-O qcow2 -o compat=0.10,cluster_size=512 -c", 1),
    (ContainerFormat.QCOW2, "-O qcow2 -o cluster_size=512", 1),
    (ContainerFormat.QCOW2, "-O qcow2 -c", 1),
    (ContainerFormat.QCOW2, "-O qcow2 -o cluster_size=2M -c", 1),
    (ContainerFormat.QCOW2, "-O qcow2 -o cluster_size=2M,lazy_refcounts=on", 1),
    (ContainerFormat.VDI, "-O vdi", 1),
    (ContainerFormat.VDI, "-O vdi -o static=on", 1),
]


@pytest.mark.parametrize(("container", "options", "files"), _BY_QEMU)
def test_images_of_qemu(  # noqa: PLR0913  a case and the fixtures it needs
    *,
    qemu_img: Callable[..., None],
    raw: Path,
    tmp_path: Path,
    differences: Differences,
    container: ContainerFormat,
    options: str,
    files: int,
) -> None:
    """Whatever the name ends in, the content is recognised and every byte is the disk's."""
    image = tmp_path / "plant07.img"
    qemu_img("convert", "-f", "raw", *options.split(), raw, image)

    with open_container(image) as opened:
        assert opened.format is container
        assert opened.files[0] == str(image)
        assert len(opened.files) == files
        assert raw.stat().st_size == opened.size
        assert differences(opened) == []
        assert opened.read_at(opened.size, 1) == b""
        assert len(opened.read_at(opened.size - 5, 100)) == 5


@pytest.mark.parametrize(
    ("options", "first", "segments"),
    [
        ("-f encase6 -c fast -S 1073741824", "E01", 1),
        ("-f encase6 -c none -S 1048576", "E01", 4),
        ("-f encase2 -c best -S 1048576", "E01", 1),
        ("-f ewfx -c none -S 1048576 -d sha1", "e01", 4),
        ("-f smart -c none -S 1048576", "s01", 4),
    ],
)
def test_images_of_ewfacquire(  # noqa: PLR0913  a case and the fixtures it needs
    *,
    ewfacquire: Callable[..., None],
    raw: Path,
    tmp_path: Path,
    differences: Differences,
    options: str,
    first: str,
    segments: int,
) -> None:
    """All segments are found from any of them; the digest that they carry is at hand."""
    ewfacquire(*options.split(), "-t", tmp_path / "plant07")
    last = max(tmp_path.glob("plant07.*"))

    with open_container(last) as opened:
        assert opened.format is ContainerFormat.EWF
        assert opened.files[0] == str(tmp_path / f"plant07.{first}")
        assert len(opened.files) >= segments
        assert raw.stat().st_size == opened.size
        assert differences(opened) == []
        assert "md5" in {stored.algorithm for stored in opened.stored_hashes}


def test_vmdk_in_more_extents_than_one(qemu_img: Callable[..., None], tmp_path: Path) -> None:
    """A disk over 2 GB lies in several extents, and is right where one passes into the next."""
    raw = tmp_path / "disk.raw"
    around = (2 << 30) - 70_000
    written = bytes(range(1, 251)) * 600
    with raw.open("wb") as file:
        file.seek(around)
        file.write(written)
        file.truncate((4 << 30) + 512)
    qemu_img(
        *("convert", "-f", "raw", "-O", "vmdk", "-o", "subformat=twoGbMaxExtentSparse"),
        raw,
        tmp_path / "disk.vmdk",
    )

    with open_container(tmp_path / "disk-s002.vmdk") as opened:
        assert [Path(file).name for file in opened.files] == [
            "disk.vmdk", "disk-s001.vmdk", "disk-s002.vmdk", "disk-s003.vmdk",
        ]  # fmt: skip
        assert opened.size == (4 << 30) + 512
        assert opened.read_at(around - 1, len(written) + 2) == b"\0" + written + b"\0"
        assert opened.read_at((4 << 30) - 512, 2048) == bytes(1024)
