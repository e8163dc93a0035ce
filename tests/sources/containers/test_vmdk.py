"""VMDK: a descriptor names files beside it and nothing else, and what is not read is refused."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.containers import vmdk_descriptor
from ntscan.errors import SourceError
from ntscan.sources.containers.disk_bytes import DiskBytes
from ntscan.sources.containers.open import open_container
from ntscan.sources.containers.vmdk_descriptor import parse_descriptor

QemuImg = Callable[..., None]

# Offsets in SparseExtentHeader.
_FLAGS_AT = 8
_CAPACITY_AT = 12
_GRAIN_SIZE_AT = 20
_DESCRIPTOR_OFFSET_AT = 28
_ENTRIES_AT = 44
_GD_OFFSET_AT = 56
_DIRECTORY_AT_END = b"\xff" * 8


@pytest.fixture
def sparse(qemu_img: QemuImg, raw: Path, tmp_path: Path) -> Path:
    """A VMDK in one file, which holds its descriptor."""
    path = tmp_path / "sparse.vmdk"
    qemu_img("convert", "-O", "vmdk", raw, path)
    return path


def _patch(path: Path, at: int, content: bytes) -> None:
    image = bytearray(path.read_bytes())
    image[at : at + len(content)] = content
    path.write_bytes(image)


def test_flat_extents_and_gaps(tmp_path: Path) -> None:
    """Extents begin where the descriptor says, in sectors; one of zeros needs no file."""
    (tmp_path / "a.bin").write_bytes(b"\1" * 512 + b"\2" * 512 + b"\3" * 512)
    (tmp_path / "disk.vmdk").write_bytes(
        vmdk_descriptor(
            'RW 1 FLAT "a.bin" 2', "RW 1 ZERO", 'RDONLY 1 VMFS "a.bin"', 'RW\t1\tFLAT "a.bin" 1\r'
        )
    )

    with open_container(tmp_path / "disk.vmdk") as opened:
        assert opened.files == (str(tmp_path / "disk.vmdk"), str(tmp_path / "a.bin"))
        assert opened.read_at(0, 4096) == b"\3" * 512 + bytes(512) + b"\1" * 512 + b"\2" * 512
        assert opened.read_at(511, 2) == b"\3\0"


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd", "../secret.vmdk", "sub/extent.vmdk", "..", ".", "",
        "C:extent.vmdk", r"C:\extent.vmdk", r"..\extent.vmdk", r"\\.\PhysicalDrive0", "a:stream",
    ],
)  # fmt: skip
def test_names_that_lead_elsewhere(name: str) -> None:
    """An extent is refused whose name could lead out of the folder, here or on Windows."""
    with pytest.raises(SourceError, match="only files beside it are read"):
        parse_descriptor(vmdk_descriptor(f'RW 1 FLAT "{name}" 0'))


@pytest.mark.parametrize("is_inside", [True, False])
def test_links_are_not_followed(tmp_path: Path, is_inside: bool) -> None:
    """An extent that is a link is refused, wherever it leads."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder if is_inside else tmp_path).joinpath("secret").write_bytes(bytes(512))
    (folder / "extent").symlink_to("secret" if is_inside else "../secret")
    (folder / "disk.vmdk").write_bytes(vmdk_descriptor('RW 1 FLAT "extent" 0'))

    with pytest.raises(SourceError, match=r"its file extent is a symbolic link"):
        open_container(folder / "disk.vmdk")


def test_a_descriptor_given_by_a_link(tmp_path: Path) -> None:
    """Extents are sought beside the descriptor itself, and not beside a link to it."""
    store = tmp_path / "store"
    store.mkdir()
    (store / "extent").write_bytes(b"\1" * 512)
    (store / "disk.vmdk").write_bytes(vmdk_descriptor('RW 1 FLAT "extent" 0'))
    (tmp_path / "case.vmdk").symlink_to(store / "disk.vmdk")

    with open_container(tmp_path / "case.vmdk") as opened:
        assert opened.read_at(0, 1) == b"\1"


@pytest.mark.parametrize(
    ("descriptor", "message"),
    [
        (vmdk_descriptor('RW 1 FLAT "a" 0', parentCID="2c3443b3"), "snapshot"),
        (vmdk_descriptor('RW 1 FLAT "a" 0', parentcid=" FFFFFFFE"), "snapshot"),
        (vmdk_descriptor('RW 1 FLAT "a" 0', **{"encryption.keySafe": "x"}), "encrypted"),
        (vmdk_descriptor('RW 1 VMFSRDM "a" 0'), "type VMFSRDM"),
        (vmdk_descriptor('RW 1 VMFSSPARSE "a"'), "type VMFSSPARSE"),
        (vmdk_descriptor('RW 1 SESPARSE "a"'), "type SESPARSE"),
        (vmdk_descriptor("RW 1 FLAT a 0"), "not understood"),
        (vmdk_descriptor('RW -1 FLAT "a" 0'), "not understood"),
        (vmdk_descriptor('RW 999999999999 FLAT "a" 0'), "beyond 64 TB"),
        (vmdk_descriptor('RW 1 FLAT "a" 999999999999'), "beyond 64 TB"),
        (vmdk_descriptor(), "names 0 extents"),
        (vmdk_descriptor(*['RW 1 FLAT "a" 0'] * 8193), "names 8,193 extents"),
    ],
)
def test_descriptors_that_are_refused(descriptor: bytes, message: str) -> None:
    """What a descriptor describes and is not read is refused, and the reason is said."""
    with pytest.raises(SourceError, match=message):
        parse_descriptor(descriptor)


def test_names_in_the_code_page_of_windows() -> None:
    """A descriptor that is no UTF-8 is read as the Windows code page."""
    text = vmdk_descriptor('RW 1 FLAT "Prüfstand.vmdk" 0').decode("utf-8").encode("cp1252")

    assert [extent.file_name for extent in parse_descriptor(text)] == ["Prüfstand.vmdk"]


@pytest.mark.parametrize(
    ("extent", "message"),
    [
        ('RW 3 FLAT "a" 0', "extent a is truncated"),
        ('RW 2 FLAT "a" 1', "extent a is truncated"),
        ('RW 1 SPARSE "a"', "does not begin as one"),
        ('RW 1 SPARSE "cowd"', "VMware ESX"),
        ('RW 1 FLAT "b" 0', "its file b cannot be opened"),
        ('RW 1 FLAT "folder" 0', "its file folder is a folder"),
    ],
)
def test_extents_that_are_not_there(tmp_path: Path, extent: str, message: str) -> None:
    """An extent that is missing, too short or of another kind is an error when it is opened."""
    (tmp_path / "a").write_bytes(bytes(1024))
    (tmp_path / "cowd").write_bytes(b"COWD" + bytes(2044))
    (tmp_path / "folder").mkdir()
    (tmp_path / "disk.vmdk").write_bytes(vmdk_descriptor(extent))

    with pytest.raises(SourceError, match=message):
        open_container(tmp_path / "disk.vmdk")


def test_an_extent_without_its_descriptor(qemu_img: QemuImg, raw: Path, tmp_path: Path) -> None:
    """One extent of a split disk stands for the disk, as long as the descriptor is beside it."""
    qemu_img(
        *("convert", "-O", "vmdk", "-o", "subformat=twoGbMaxExtentSparse"),
        *(raw, tmp_path / "disk.vmdk"),
    )
    with open_container(tmp_path / "disk-s001.vmdk") as opened:
        assert opened.files[0] == str(tmp_path / "disk.vmdk")

    (tmp_path / "disk.vmdk").unlink()
    with pytest.raises(SourceError, match="one extent of a split VMDK; scan the descriptor"):
        open_container(tmp_path / "disk-s001.vmdk")


@pytest.mark.parametrize(
    ("at", "content", "message"),
    [
        (_FLAGS_AT, struct.pack("<I", 7), "zeroed-grain"),
        (_GRAIN_SIZE_AT, struct.pack("<Q", 0), "damaged header"),
        (_GRAIN_SIZE_AT, struct.pack("<Q", 1 << 40), "damaged header"),
        (_ENTRIES_AT, struct.pack("<I", 0xFFFFFFFF), "damaged header"),
        (_CAPACITY_AT, struct.pack("<Q", 0), "damaged header"),
        (_CAPACITY_AT, struct.pack("<Q", 1 << 62), "tables lie beyond it"),
        (_CAPACITY_AT, struct.pack("<Q", 1), "holds 512 bytes where its descriptor says"),
        (_GD_OFFSET_AT, struct.pack("<Q", 1 << 40), "tables lie beyond it"),
        (_GD_OFFSET_AT, _DIRECTORY_AT_END, "libvmdk does not read"),
        (_DESCRIPTOR_OFFSET_AT, struct.pack("<Q", 1 << 40), "truncated or damaged"),
        (_DESCRIPTOR_OFFSET_AT, struct.pack("<Q", 0), "one extent of a split VMDK"),
    ],
)
def test_sparse_headers_that_are_refused(
    sparse: Path, at: int, content: bytes, message: str
) -> None:
    """A header of a sparse extent that cannot be followed is refused before it is read from."""
    _patch(sparse, at, content)

    with pytest.raises(SourceError, match=message), open_container(sparse) as opened:
        opened.read_at(0, 512)


def test_a_snapshot_in_one_file(sparse: Path) -> None:
    """A descriptor inside the image is held to the same as one beside it."""
    image = sparse.read_bytes()
    sparse.write_bytes(image.replace(b"parentCID=ffffffff", b"parentCID=2c3443b3"))

    with pytest.raises(SourceError, match="snapshot"):
        open_container(sparse)


def test_a_sparse_image_cut_off(sparse: Path) -> None:
    """Where a grain is cut off, reading it is an error that says so, and never zeros."""
    sparse.write_bytes(sparse.read_bytes()[:-4096])

    with open_container(sparse) as opened:
        assert len(opened.read_at(0, 65_536)) == 65_536
        with pytest.raises(SourceError, match=r"^is truncated: .* should be at .*; copy it again$"):
            opened.read_at(0, opened.size)


def test_tables_at_the_end(
    qemu_img: QemuImg,
    raw: Path,
    tmp_path: Path,
    differences: Callable[[DiskBytes], list[tuple[int, int]]],
) -> None:
    """A stream-optimised VMDK as VMware writes it says only in its footer where the tables are."""
    path = tmp_path / "disk.vmdk"
    qemu_img("convert", "-O", "vmdk", "-o", "subformat=streamOptimized", raw, path)
    image = path.read_bytes().removesuffix(bytes(512))
    footer = struct.pack("<QII", 1, 0, 3) + bytes(496) + image[:512] + bytes(512)
    path.write_bytes(
        image[:_GD_OFFSET_AT] + _DIRECTORY_AT_END + image[_GD_OFFSET_AT + 8 :] + footer
    )

    with open_container(path) as opened:
        assert differences(opened) == []
    path.write_bytes(path.read_bytes()[:-1024])
    with pytest.raises(SourceError, match="damaged"), open_container(path) as opened:
        opened.read_at(0, 512)
