"""Disks as files: the committed ones, and one that Windows itself formatted."""

import gzip
import tarfile
from pathlib import Path

import pytest

from fixtures.disk.bytes_disk import BytesDisk
from fixtures.disk.images import DRIVER, FAT, NTFS, image, machine_files, ntfs_disk
from ntscan.sources.volumes.file_system import FileSystem, Node
from ntscan.sources.volumes.find import find_volumes

NAMES = {NTFS: "NTFS 1.2", FAT: "FAT16"}
REAL_NTFS = Path("build/downloads/dissect_ntfs-3.16.tar.gz")
REAL_FAT = Path("build/downloads/dissect_fat-3.13.tar.gz")


def files_of(system: FileSystem, folder: Node | None = None, above: str = "") -> dict[str, bytes]:
    """Every file of a volume by its path."""
    found: dict[str, bytes] = {}
    for node in system.children(folder or system.root):
        path = f"{above}{node.name}"
        if node.is_folder:
            found |= files_of(system, node, f"{path}/")
        else:
            found[path] = system.read(node, 64 << 20)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_committed_disk_holds_its_machine(name: str) -> None:
    """One active partition, C:, with every file of the machine, byte for byte."""
    disk = BytesDisk(image(name))
    (volume,) = find_volumes(disk).volumes
    assert (volume.number, volume.letter, volume.is_active) == (1, "C:", True)
    system = FileSystem(disk, volume)
    assert system.name == NAMES[name]
    wanted = {file.path: file.content for file in machine_files()}
    found = files_of(system)
    assert {path: found[path] for path in wanted} == wanted
    if name == NTFS:
        assert found[f"compressed/{DRIVER}"] == wanted[f"WINNT/system32/drivers/{DRIVER}"]


def test_the_committed_ntfs_disk_is_what_its_script_makes() -> None:
    """So that the file in the repository is no riddle."""
    assert ntfs_disk() == image(NTFS)


def member(package: Path, name: str) -> bytes:
    """A file of a source package, unpacked in memory."""
    if not package.exists():
        pytest.skip(f"lacks {package}; `make {package}` downloads it")
    with tarfile.open(package) as archive:
        held = archive.extractfile(f"{package.name.removesuffix('.tar.gz')}/{name}")
        assert held is not None
        data = held.read()
    return gzip.decompress(data) if name.endswith(".gz") else data


def test_a_volume_that_windows_formatted_is_read() -> None:
    """NTFS 3.1 as Windows wrote it: a resident file, one in clusters, and large folders."""
    disk = BytesDisk(member(REAL_NTFS, "tests/_data/ntfs.bin.gz"))
    (volume,) = find_volumes(disk).volumes
    system = FileSystem(disk, volume)
    assert (system.name, system.serial_number) == ("NTFS 3.1", "9C60667F60665FCE")
    found = files_of(system)
    assert found["File.txt"] == b"Contents here"
    assert found["Large.txt"] == 2_097_152 * b"A"
    assert {"Directory/File 1.txt", "Directory/File 2.txt"} <= set(found)
    folder = system.child(system.root, "large directory")
    assert folder is not None
    names = {node.name for node in system.children(folder)}
    assert names == {f"Directory {number}" for number in range(len(names))}


FAT_VOLUMES = {
    "fat12.bin": ("FAT12", "E038-BB7C", "2021-07-15T10:30:00"),
    "fat16.bin": ("FAT16", "88FA-453F", "2021-07-15T14:43:50"),
}


@pytest.mark.parametrize(("name", "told"), FAT_VOLUMES.items())
def test_fat_volumes_of_others_are_read(name: str, told: tuple[str, str, str]) -> None:
    """Files with long names, a folder, a label that is no file."""
    disk = BytesDisk(member(REAL_FAT, f"tests/data/{name}"))
    (volume,) = find_volumes(disk).volumes
    system = FileSystem(disk, volume)
    file = system.child(system.root, "FILE1.TXT")
    assert file is not None
    assert file.modified is not None
    assert (system.name, system.serial_number, f"{file.modified:%Y-%m-%dT%H:%M:%S}") == told
    sizes = {path: len(content) for path, content in files_of(system).items()}
    assert sizes == {"file1.txt": 20, "file2.txt": 23, "subdir1/file3.txt": 27}


@pytest.mark.parametrize("name", ["fat32.bin", "exfat.bin"])
def test_bare_volumes_of_other_kinds_hold_nothing(name: str) -> None:
    """FAT32 and exFAT are none that NT 4.0 reads."""
    assert find_volumes(BytesDisk(member(REAL_FAT, f"tests/data/{name}"))).volumes == ()
