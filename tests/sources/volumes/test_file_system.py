"""What FileSystem reads of FAT and NTFS volumes, and what it makes of damage."""

import os
import random
import struct
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache

import pytest

from fixtures.disk.bytes_disk import BytesDisk
from fixtures.disk.disk_file import DiskFile, Storage
from fixtures.disk.fat_volume import FATRecipe, build_fat_volume, missing_tool
from fixtures.disk.ntfs.mapping_pairs import HoleEncoding
from fixtures.disk.ntfs.recipe import NTFSRecipe
from fixtures.disk.ntfs.volume import build_ntfs_volume
from ntscan.errors import SourceError
from ntscan.sources.volumes.file_system import FileSystem, Node
from ntscan.sources.volumes.find import find_volumes
from ntscan.sources.volumes.sleuthkit import opened_volume
from ntscan.vocabulary import ModificationTimeKind

STAMP = datetime(1999, 11, 30, 17, 31, 42, tzinfo=UTC)
DRIVER = random.Random(1).randbytes(70_001)  # noqa: S311  any bytes
SQUEEZED = b"abc" + bytes(9_000) + b"\x90" * 9_000 + DRIVER[:20_000] + bytes(300_000) + b"end"
MOST = 1 << 20
FILES = (
    DiskFile(path="boot.ini", content=b"[boot loader]\r\n", modified=STAMP),
    DiskFile(path="empty.txt", content=b"", modified=STAMP),
    DiskFile(path="Program Files/A long name.text", content=b"long", modified=STAMP),
    DiskFile(path="WINNT/system32/drivers/sfmsrv.sys", content=DRIVER, modified=STAMP),
)
PLACE = "WINNT/system32/drivers/sfmsrv.sys"


@cache
def ntfs_of(files: tuple[DiskFile, ...], recipe: NTFSRecipe | None = None) -> bytes:
    """A volume's bytes, made once."""
    return bytes(build_ntfs_volume(files, recipe).data)


@cache
def fat_of(files: tuple[DiskFile, ...] = FILES, recipe: FATRecipe | None = None) -> bytes:
    """A volume's bytes, made once."""
    if missing_tool():
        pytest.skip(f"lacks {missing_tool()} (packages mtools, dosfstools)")
    return build_fat_volume(files, recipe)


def opened(data: bytes | bytearray, bad: range = range(0)) -> FileSystem:
    """The file system of a bare volume."""
    disk = BytesDisk(data)
    (volume,) = find_volumes(disk).volumes
    disk.bad = bad
    return FileSystem(disk, volume)


def found(volume: FileSystem, path: str) -> Node:
    """What lies at a path."""
    node = volume.root
    for name in path.split("/"):
        below = volume.child(node, name)
        assert below is not None, f"{name} of {path}"
        node = below
    return node


def content(data: bytes | bytearray, path: str = PLACE) -> bytes:
    """The bytes of the file at a path of a bare volume."""
    return content_of(opened(data), path)


def content_of(volume: FileSystem, path: str) -> bytes:
    """The bytes of the file at a path."""
    return volume.read(found(volume, path), MOST)


def names(volume: FileSystem, path: str = "") -> list[str]:
    """The names in a folder."""
    folder = found(volume, path) if path else volume.root
    return [node.name for node in volume.children(folder)]


VOLUMES: dict[str, Callable[[], bytes]] = {
    "NTFS 1.2": lambda: ntfs_of(FILES),
    "NTFS 1.2, clusters of 4 KiB": lambda: ntfs_of(FILES, NTFSRecipe(cluster=4096)),
    "NTFS 1.2, clusters of 64 KiB": lambda: ntfs_of(
        FILES, NTFSRecipe(cluster=64 * 1024, size=16 << 20)
    ),
    "FAT16": fat_of,
    "FAT12": lambda: fat_of(FILES, FATRecipe(bits=12, size=4 << 20)),
}


@pytest.mark.parametrize("kind", VOLUMES)
def test_files_are_listed_and_read(kind: str) -> None:
    """A volume gives back every file that was put on it, and nothing else."""
    volume = opened(VOLUMES[kind]())
    assert volume.name == kind.partition(",")[0]
    assert names(volume) == ["boot.ini", "empty.txt", "Program Files", "WINNT"]
    for file in FILES:
        node = found(volume, file.path)
        assert (node.is_folder, node.size) == (False, len(file.content))
        assert volume.read(node, MOST) == file.content
        assert node.modified == STAMP
    is_ntfs = kind.startswith("NTFS")
    stamped = ModificationTimeKind.UTC if is_ntfs else ModificationTimeKind.WALL_CLOCK
    assert found(volume, PLACE).modified_kind is stamped


@pytest.mark.parametrize("kind", VOLUMES)
@pytest.mark.parametrize(
    "path", ["winnt/SYSTEM32/Drivers/SFMSRV.SYS", "Progra~1/alongn~1.tex", "PROG~26/ALON~27.TEX"]
)
def test_names_are_compared_without_case_and_by_their_short_form(kind: str, path: str) -> None:
    """NT finds a file under its long name and its 8.3 name, however they are spelled."""
    volume = opened(VOLUMES[kind]())
    is_ours = "~2" in path
    if is_ours == kind.startswith("FAT") and "~" in path:
        assert volume.child(volume.root, path.partition("/")[0]) is None
    else:
        assert not found(volume, path).is_folder


def test_what_is_not_there_is_not_found() -> None:
    """A name that no file bears gives nothing, in a folder or in none."""
    volume = opened(ntfs_of(FILES))
    assert volume.child(volume.root, "pagefile.sys") is None
    with pytest.raises(SourceError, match="is a file where a folder should be"):
        volume.child(found(volume, "boot.ini"), "x")


def test_serial_numbers_are_as_nt_shows_them() -> None:
    """FAT's as DIR prints it, NTFS's in full."""
    assert opened(ntfs_of(FILES)).serial_number == "1C0B5E112D4F6A83"
    assert opened(fat_of()).serial_number == "1C0B-5E11"


def test_a_large_folder_is_read_whole() -> None:
    """A B-tree of three levels gives every name."""
    files = tuple(
        DiskFile(path=f"many/file{n:04}.txt", content=b"%d" % n, storage=Storage.RESIDENT)
        for n in range(1500)
    )
    volume = opened(ntfs_of(files))
    assert names(volume, "many") == [f"file{n:04}.txt" for n in range(1500)]
    assert volume.read(found(volume, "many/file0777.txt"), MOST) == b"777"


@pytest.mark.parametrize("cluster", [512, 1024, 4096])
@pytest.mark.parametrize("holes", HoleEncoding)
def test_a_compressed_file_is_read(cluster: int, holes: HoleEncoding) -> None:
    """Each unit is compressed, whole, or a hole that reads as zeros, however NT 4 wrote it."""
    file = DiskFile(path="squeezed.bin", content=SQUEEZED, storage=Storage.COMPRESSED)
    volume = ntfs_of((file,), NTFSRecipe(cluster=cluster, holes=holes))
    assert content(volume, "squeezed.bin") == SQUEEZED


def test_a_file_larger_than_the_limit_is_not_read() -> None:
    """The limit is of the file's size, and is checked before a byte is read."""
    volume = opened(ntfs_of(FILES))
    with pytest.raises(SourceError, match="holds 70,001 bytes, and at most 70,000 are read"):
        volume.read(found(volume, PLACE), 70_000)
    assert volume.read(found(volume, PLACE), 70_001) == DRIVER


def test_the_head_of_a_file_is_read() -> None:
    """Fewer bytes come only where the file ends."""
    volume = opened(ntfs_of(FILES))
    assert volume.read_head(found(volume, PLACE), 100) == DRIVER[:100]
    assert volume.read_head(found(volume, "boot.ini"), 100) == b"[boot loader]\r\n"


@pytest.mark.parametrize("kind", ["NTFS 1.2", "FAT16"])
def test_an_open_file_is_read_here_and_there(kind: str) -> None:
    """Seeking from the start, from the place reached, and from the end."""
    volume = opened(VOLUMES[kind]())
    with volume.open(found(volume, PLACE)) as file:
        file.seek(60_000)
        assert file.read(10) == DRIVER[60_000:60_010]
        file.seek(-5, os.SEEK_END)
        assert file.read() == DRIVER[-5:]
        file.seek(0)
        assert file.read() == DRIVER


def test_a_folder_is_not_read_as_a_file() -> None:
    """Reading or opening one says so."""
    volume = opened(ntfs_of(FILES))
    for read in (lambda node: volume.read(node, MOST), volume.open):
        with pytest.raises(SourceError, match="is a folder where a file should be"):
            read(found(volume, "WINNT"))


@pytest.fixture
def new_york() -> Iterator[None]:
    """Run in a zone whose clocks were put forward on 2 April 2000 at two."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "EST5EDT,M4.1.0,M10.5.0"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.usefixtures("new_york")
@pytest.mark.parametrize("hour", [0, 1, 2, 3])
def test_fat_times_are_wall_clock_whatever_this_machines_zone(hour: int) -> None:
    """Also in the hour that does not exist here; and the zone of the process is left alone."""
    stamp = datetime(2000, 4, 2, hour, 30, tzinfo=UTC)
    volume = opened(fat_of((DiskFile(path="a.txt", content=b"a", modified=stamp),)))
    assert found(volume, "a.txt").modified == stamp
    assert os.environ["TZ"] == "EST5EDT,M4.1.0,M10.5.0"
    assert time.localtime(0).tm_hour == 19


# Deleted files and what the library adds to a volume.


def test_fat_shows_no_deleted_file_no_label_and_no_orphans() -> None:
    """The entry marked deleted, the label, $FAT1 and $OrphanFiles are no files of NT's."""
    data = bytearray(fat_of())
    entry = data.index(b"BOOT    INI")
    data[entry] = 0xE5
    assert names(opened(data)) == ["empty.txt", "Program Files", "WINNT"]


NOT_ITS_OWN: dict[str, tuple[int, int]] = {
    "a record that is marked free": (22, 0),
    "a record with another sequence number": (16, 7),
}


@pytest.mark.parametrize("field", NOT_ITS_OWN)
def test_ntfs_shows_a_name_in_use_whose_record_is_not_its_own(field: str) -> None:
    """Who deletes a file takes its name out of the index: the record, or the name, is damaged."""
    made = build_ntfs_volume(FILES)
    at, value = NOT_ITS_OWN[field]
    struct.pack_into("<H", made.data, made.records["boot.ini"] + at, value)
    struct.pack_into("<H", made.data, made.records["WINNT"] + at, value)
    volume = opened(made.data)
    assert names(volume) == ["boot.ini", "empty.txt", "Program Files", "WINNT"]
    with pytest.raises(SourceError, match="record cannot be read"):
        volume.read(found(volume, "boot.ini"), MOST)
    with pytest.raises(SourceError, match="record cannot be read"):
        names(volume, "WINNT")


@pytest.mark.parametrize("field", ["renamed", *NOT_ITS_OWN])
def test_ntfs_shows_no_name_in_a_block_that_the_index_gave_back(field: str) -> None:
    """A file that was renamed or deleted leaves its name where nothing was written since."""
    files = tuple(
        DiskFile(path=f"many/f{n:03}.txt", content=b"", storage=Storage.RESIDENT) for n in range(99)
    )
    made = build_ntfs_volume(files)
    record = made.records["many/f000.txt"]
    if field == "renamed":
        at = made.data.index("f000.txt".encode("utf-16-le"), record)
        made.data[at : at + 2] = b"g\0"
    else:
        at, value = NOT_ITS_OWN[field]
        struct.pack_into("<H", made.data, record + at, value)
    bitmap = made.data.index(b"$\0I\0" + b"3\x000\0" + b"\7", made.records["many"])
    made.data[bitmap + 8] = 0b110
    assert "f000.txt" not in names(opened(made.data), "many")


def test_names_that_differ_by_case_alone_are_not_told_apart() -> None:
    """POSIX programs make such files on NTFS; which of them NT would open, nobody knows."""
    twins = tuple(DiskFile(path=path, content=b"") for path in ("A/one.sys", "A/ONE.SYS", "A/two"))
    volume = opened(ntfs_of(twins))
    folder = found(volume, "A")
    assert names(volume, "A") == ["ONE.SYS", "one.sys", "two"]
    assert volume.child(folder, "TWO") is not None
    with pytest.raises(SourceError, match="but for their case"):
        volume.child(folder, "one.sys")


def test_a_folder_that_leads_elsewhere_is_an_error() -> None:
    """A junction of NTFS 3 lists nothing; what it leads to may hold the name that is looked for."""
    made = build_ntfs_volume((DiskFile(path="A/one.sys", content=b""),))
    record = made.records["A"]
    attribute = made.data.index(struct.pack("<I", 0x50), record + 0x38, record + 1024)
    made.data[attribute : attribute + 4] = struct.pack("<I", 0xC0)
    with pytest.raises(SourceError, match="junction"):
        names(opened(made.data), "A")


# Damage.


def test_a_file_whose_record_is_damaged_is_shown_and_not_read() -> None:
    """Its name is there, so it is not said to be missing."""
    made = build_ntfs_volume(FILES)
    made.data[made.records["boot.ini"] + 510] ^= 0xFF
    volume = opened(made.data)
    assert "boot.ini" in names(volume)
    with pytest.raises(SourceError, match="record cannot be read"):
        volume.read(found(volume, "boot.ini"), MOST)


FAT_DAMAGE: dict[str, Callable[[int], tuple[int, int]]] = {
    "a loop": lambda first: (first + 5, first),
    "a loop of one": lambda first: (first, first),
    "an early end": lambda first: (first + 5, 0xFFFF),
    "a free cluster": lambda first: (first + 5, 0),
    "a bad cluster": lambda first: (first + 5, 0xFFF7),
    "a cluster past the end": lambda first: (first + 5, 0xF000),
}


@pytest.mark.parametrize("damage", FAT_DAMAGE)
def test_a_broken_fat_chain_is_an_error_and_not_a_shorter_file(damage: str) -> None:
    """Where the chain gives fewer bytes than the folder says, none are given."""
    data = bytearray(fat_of())
    table, chain = chain_of(data, b"SFMSRV  SYS")
    place, value = FAT_DAMAGE[damage](chain[0])
    struct.pack_into("<H", data, table + 2 * place, value)
    with pytest.raises(SourceError, match=r"cluster chain is broken|damaged"):
        content(data)
    volume = opened(data)
    with volume.open(found(volume, PLACE)) as file, pytest.raises(SourceError):
        file.read()


MANY = tuple(DiskFile(path=f"many/f{n:03}.sys", content=b"", modified=STAMP) for n in range(300))
FOLDER_DAMAGE: dict[str, Callable[[list[int]], tuple[int, int]]] = {
    "a loop": lambda chain: (chain[2], chain[0]),
    "a loop of one": lambda chain: (chain[0], chain[0]),
    "a free cluster": lambda chain: (chain[2], 0),
    "another free cluster": lambda chain: (chain[2], chain[-1] + 100),
    "a bad cluster": lambda chain: (chain[2], 0xFFF7),
    "a cluster past the end": lambda chain: (chain[2], 0xF000),
}


def chain_of(data: bytes | bytearray, name: bytes) -> tuple[int, list[int]]:
    """Where the FAT lies, and the clusters of what has an 8.3 name of eleven bytes."""
    (reserved,) = struct.unpack_from("<H", data, 14)
    chain = [struct.unpack_from("<H", data, data.index(name) + 26)[0]]
    while (following := struct.unpack_from("<H", data, reserved * 512 + 2 * chain[-1])[0]) < 0xFFF8:
        chain.append(following)
    return reserved * 512, chain


@pytest.mark.parametrize("damage", FOLDER_DAMAGE)
def test_a_broken_fat_folder_is_an_error_and_not_a_smaller_one(damage: str) -> None:
    """A file that the chain no longer reaches is not said to be missing."""
    data = bytearray(fat_of(MANY))
    table, chain = chain_of(data, b"MANY       ")
    place, value = FOLDER_DAMAGE[damage](chain)
    struct.pack_into("<H", data, table + 2 * place, value)
    volume = opened(data)
    with pytest.raises(SourceError, match="the folder"):
        volume.children(found(volume, "many"))


def test_fat12_chains_end_as_those_of_fat16() -> None:
    """The end of a folder's chain is read out of a FAT of 12 bits, at odd and even clusters."""
    volume = opened(fat_of(MANY, FATRecipe(bits=12, size=4 << 20, sectors_per_cluster=2)))
    assert len(names(volume, "many")) == len(MANY)
    assert names(opened(fat_of(FILES, FATRecipe(bits=12, size=4 << 20))), "WINNT") == ["system32"]


def test_a_file_that_is_marked_as_part_of_a_long_name_is_an_error() -> None:
    """A part of a long name has no cluster: this is the entry of a file, and damaged."""
    data = bytearray(fat_of())
    data[data.index(b"SFMSRV  SYS") + 11] = 0x0F
    with pytest.raises(SourceError, match="the folder is damaged"):
        names(opened(data), "WINNT/system32/drivers")


@pytest.mark.parametrize("start", [0, 0xF000])
def test_a_fat_entry_that_leads_nowhere_is_an_error(start: int) -> None:
    """A folder without clusters, or an entry that leads past the end, is damage."""
    data = bytearray(fat_of(MANY))
    struct.pack_into("<H", data, data.index(b"MANY       ") + 26, start)
    volume = opened(data)
    with pytest.raises(SourceError, match="the folder is damaged"):
        names(volume, "many")


@pytest.mark.parametrize("damage", [b"XXXX", bytes(512)])
def test_an_ntfs_folder_with_a_damaged_block_is_an_error(damage: bytes) -> None:
    """A block of the index that is none may have held the name that is looked for."""
    files = tuple(
        DiskFile(path=f"many/f{n:03}", content=b"", storage=Storage.RESIDENT) for n in range(99)
    )
    data = bytearray(ntfs_of(files))
    block = data.index(b"INDX")
    data[block : block + len(damage)] = damage
    volume = opened(data)
    with pytest.raises(SourceError, match="a block of its index is none"):
        names(volume, "many")


@pytest.mark.parametrize("kind", ["NTFS 1.2", "FAT16"])
def test_a_failing_image_is_an_error_and_never_other_bytes(kind: str) -> None:
    """The error of the image itself is what is said, and other files are read after it."""
    data = VOLUMES[kind]()
    place = data.index(DRIVER[30_000:30_064])
    volume = opened(data, bad=range(place, place + 1))
    with pytest.raises(SourceError, match="bad sector at byte"):
        volume.read(found(volume, PLACE), MOST)
    assert volume.read(found(volume, "boot.ini"), MOST) == b"[boot loader]\r\n"


@pytest.mark.parametrize("kind", ["NTFS 1.2", "FAT16"])
def test_a_truncated_image_gives_the_whole_file_or_an_error(kind: str) -> None:
    """Wherever the image ends, a file's bytes are never others."""
    data = VOLUMES[kind]()
    outcomes = set[bool | str]()
    last = data.index(DRIVER[-64:]) + 40 * 512
    for end in (*range(512, last, 37 * 512), len(data)):
        try:
            outcomes.add(content(data[:end]) == DRIVER)
        except (SourceError, ValueError) as error:  # ValueError: no volume was found.
            outcomes.add(type(error).__name__)
    assert outcomes <= {True, "SourceError", "ValueError"}
    assert {True, "SourceError"} <= outcomes


def test_an_image_that_shrinks_while_it_is_read_is_an_error() -> None:
    """Fewer bytes than the disk promised are never taken for the file's."""
    data = ntfs_of(FILES)
    disk = BytesDisk(data[: data.index(DRIVER[40_000:40_064])])
    disk.size = len(data)
    (volume,) = find_volumes(disk).volumes
    with pytest.raises(SourceError, match="the image ends too early"):
        content_of(FileSystem(disk, volume), PLACE)


@pytest.mark.parametrize("limit", ["MOST_ENTRIES", "MOST_METADATA"])
def test_a_folder_larger_than_any_of_nt_is_refused(
    limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both its entries and its index are bounded."""
    monkeypatch.setattr(opened_volume, limit, 12)
    volume = opened(ntfs_of(FILES))
    with pytest.raises(SourceError, match=r"more than 12 entries|claims"):
        names(volume)
