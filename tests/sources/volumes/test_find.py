"""What find_volumes makes of partition tables: whole, broken, lost, and hostile."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.disk.bytes_disk import BytesDisk
from fixtures.disk.disk_file import DiskFile
from fixtures.disk.ntfs.recipe import NTFSRecipe
from fixtures.disk.ntfs.volume import build_ntfs_volume
from fixtures.disk.partitions import (
    EXTENDED,
    SECTOR,
    PartitionRecipe,
    build_disk,
    entry_bytes,
    write_table,
)
from ntscan.errors import SourceError
from ntscan.sources.volumes.find import find_volumes
from ntscan.sources.volumes.volume import VolumeTable

NO_BOOT_SECTOR = "does not begin with a boot sector"
SET = "is a member of an NT stripe or volume set"
SEARCHED = "volumes were found by their boot sectors"


@cache
def ntfs(size: int = 1 << 20) -> bytes:
    """A small NTFS volume, whose folder holds one file."""
    files = [DiskFile(path="boot.ini", content=b"[boot loader]")]
    return bytes(build_ntfs_volume(files, NTFSRecipe(size=size)).data)


def primary(
    code: int = 0x07, content: bytes | None = None, *, is_active: bool = False
) -> PartitionRecipe:
    """A primary partition with an NTFS volume on it, unless told otherwise."""
    held = ntfs() if content is None else content
    return PartitionRecipe(content=held, type_code=code, is_active=is_active)


def logical(code: int = 0x07) -> PartitionRecipe:
    """A logical drive with an NTFS volume on it."""
    return PartitionRecipe(content=ntfs(), type_code=code, is_logical=True)


def table_of(*partitions: PartitionRecipe) -> VolumeTable:
    """What is found on a disk with these partitions."""
    return find_volumes(BytesDisk(build_disk(partitions).data))


@pytest.mark.parametrize("code", [0x01, 0x04, 0x06, 0x07, 0x0B, 0x12, 0x17, 0x86, 0x87, 0xC7, 0xFF])
def test_the_boot_sector_decides_and_not_the_type(code: int) -> None:
    """A partition of any type is read where a boot sector of FAT or NTFS begins it."""
    (volume,) = table_of(primary(code)).volumes
    assert (volume.offset, volume.length, volume.type_code) == (63 * SECTOR, 1 << 20, code)


LETTERS = {
    "one": ([primary()], ["C:"]),
    "the first where none is active": ([primary(), primary()], ["C:", "D:"]),
    "the active one first": ([primary(), primary(is_active=True)], ["D:", "C:"]),
    "logical drives before the other primaries": (
        [primary(), primary(is_active=True), logical(), logical()],
        ["F:", "C:", "D:", "E:"],
    ),
    "none for a vendor's diagnostics": ([primary(0x12, is_active=True), primary()], [None, "C:"]),
    "none for a hidden one": ([primary(0x17), primary(0x07)], [None, "C:"]),
    "one for a half of a mirror": ([primary(0x87), primary(0xC6)], ["C:", "D:"]),
}


@pytest.mark.parametrize(("partitions", "letters"), LETTERS.values(), ids=LETTERS)
def test_letters_are_those_that_nt_gives(
    partitions: list[PartitionRecipe], letters: list[str | None]
) -> None:
    """Active primary, logical drives, other primaries; only recognized types (Q93373)."""
    assert [volume.letter for volume in table_of(*partitions).volumes] == letters


def test_a_refused_partition_keeps_its_letter_and_its_number() -> None:
    """NT counts and letters what it cannot read from this disk alone."""
    table = table_of(primary(0x87, bytes(SECTOR)), primary())
    assert [refused.number for refused in table.refused] == [1]
    assert [(volume.number, volume.letter) for volume in table.volumes] == [(2, "D:")]


def test_primary_partitions_are_counted_before_logical_drives() -> None:
    """partition(n) counts primaries that are not extended, then the drives along the chain."""
    disk = build_disk([logical(), primary(), logical(), primary()])
    found = find_volumes(BytesDisk(disk.data)).volumes
    order = [1, 3, 0, 2]
    assert [volume.offset // SECTOR for volume in found] == [disk.starts[i] for i in order]
    assert [volume.number for volume in found] == [1, 2, 3, 4]
    assert [volume.is_logical for volume in found] == [False, False, True, True]


def test_an_empty_entry_is_not_counted() -> None:
    """A table whose first entry is empty begins to count at its second."""
    disk = build_disk([primary()])
    entry = entry_bytes(0x07, disk.starts[0], 2048, is_active=True)
    write_table(disk.data, 0, [bytes(16), entry])
    (volume,) = find_volumes(BytesDisk(disk.data)).volumes
    assert (volume.number, volume.is_active) == (1, True)


@pytest.mark.parametrize("code", [0x05, 0x0F, 0x85])
def test_every_kind_of_extended_partition_is_followed(code: int) -> None:
    """NT's own, that of Windows 95 for large disks, and Linux's."""
    disk = build_disk([primary(), logical()])
    entries = [
        entry_bytes(0x07, disk.starts[0], 2048),
        entry_bytes(code, disk.extended[0], 4096),
    ]
    write_table(disk.data, 0, entries)
    assert len(find_volumes(BytesDisk(disk.data)).volumes) == 2


FOREIGN = {
    "GUID partition table": (0xEE, bytes(SECTOR), "stands for a GUID partition table"),
    "dynamic disk": (0x42, bytes(SECTOR), "is part of a dynamic disk"),
    "swap": (0x82, bytes(SECTOR), "is Linux swap space"),
    "FAT32": (0x0B, bytes(82) + b"FAT32   ", "is a FAT32 volume"),
    "exFAT": (0x07, bytes(3) + b"EXFAT   ", "is an exFAT volume"),
    "HPFS": (0x07, bytes(54) + b"HPFS    ", "is an HPFS volume"),
    "ext": (0x83, bytes(0x438) + b"\x53\xef", "is a Linux ext volume"),
    "stripe set": (0x87, bytes(SECTOR), SET),
    "stripe set of FAT": (0x86, bytes(SECTOR), SET),
    "volume set's first member": (0x87, ntfs(), SET),
}


@pytest.mark.parametrize(("code", "content", "message"), FOREIGN.values(), ids=FOREIGN)
def test_what_nt_cannot_read_is_refused_by_name(code: int, content: bytes, message: str) -> None:
    """The reason names what lies there, and nothing is searched for inside it."""
    table = table_of(PartitionRecipe(content=content, type_code=code, sectors=1024))
    assert [message in refused.message for refused in table.refused] == [True]
    assert (table.volumes, table.note) == ((), None)


def test_a_boot_sector_that_claims_more_is_no_set_on_an_ordinary_partition() -> None:
    """Only the types of fault tolerance make a set of it."""
    table = table_of(PartitionRecipe(content=ntfs(), type_code=0x07, sectors=1024))
    assert len(table.volumes) == 1


def test_an_unknown_boot_sector_beside_a_volume_is_refused() -> None:
    """A partition that begins with nothing known is said, and the others are read."""
    table = table_of(primary(), primary(content=bytes(SECTOR)))
    assert [refused.number for refused in table.refused] == [2]
    assert NO_BOOT_SECTOR in table.refused[0].message


def test_a_bare_volume_is_told_from_a_partition_table() -> None:
    """A boot sector ends with the signature of a partition table, and is none."""
    (volume,) = find_volumes(BytesDisk(ntfs())).volumes
    assert (volume.number, volume.offset, volume.letter) == (1, 0, "C:")
    assert volume.type_code is None


def test_a_table_is_told_from_what_a_bare_volume_left() -> None:
    """A disk that once was one volume keeps its boot sector's fields above the new table."""
    disk = build_disk([primary()])
    disk.data[:446] = ntfs()[:446]
    disk.data[16 * SECTOR : 16 * SECTOR + 4] = b"FILE"
    (volume,) = find_volumes(BytesDisk(disk.data)).volumes
    assert volume.type_code is not None


LOST = {
    "zeroed": bytes(SECTOR),
    "without its signature": b"\x33\xc0" * 256,
    "garbage": b"\x41" * 510 + b"\x55\xaa",
}


@pytest.mark.parametrize("first_sector", LOST.values(), ids=LOST)
def test_volumes_are_searched_for_where_the_table_is_lost(first_sector: bytes) -> None:
    """Both volumes are found by their boot sectors, and the table says so."""
    disk = build_disk([primary(), primary()])
    disk.data[:SECTOR] = first_sector
    table = find_volumes(BytesDisk(disk.data))
    assert [(v.number, v.offset // SECTOR, v.letter) for v in table.volumes] == [
        (1, disk.starts[0], "C:"),
        (2, disk.starts[1], "D:"),
    ]
    assert {volume.type_code for volume in table.volumes} == {None}
    assert table.refused == ()
    assert table.note == f"the partition table is zeroed or broken; {SEARCHED}"


@pytest.mark.parametrize("start", [32, 63, 2048, 2048 + 32, 16 * 63, 16 * 63 * 5 + 63])
def test_the_search_looks_where_a_partition_can_begin(start: int) -> None:
    """Tracks of 63 sectors, cylinders of 64 heads of 32 sectors, and whole MiB."""
    (volume,) = find_volumes(BytesDisk(bytes(start * SECTOR) + ntfs())).volumes
    assert volume.offset == start * SECTOR


def test_the_copy_of_a_boot_sector_is_no_second_volume() -> None:
    """A copy at a place where a partition can begin is not borne out by an MFT behind it."""
    data = bytearray(63 * 64 * SECTOR)
    data[-63 * SECTOR : -62 * SECTOR] = ntfs()[-SECTOR:]
    table = find_volumes(BytesDisk(data))
    assert table.volumes == ()
    assert table.note == "the partition table is zeroed or broken; no boot sector was found"


def test_a_volume_is_not_searched_inside() -> None:
    """An image of a disk that lies as a file on a volume is no volume of this disk."""
    files = [DiskFile(path="disk.img", content=bytes(63 * SECTOR) + ntfs() + bytes(1 << 20))]
    volume = bytes(build_ntfs_volume(files, NTFSRecipe(size=8 << 20)).data)
    found = find_volumes(BytesDisk(bytes(63 * SECTOR) + volume)).volumes
    assert [volume.offset for volume in found] == [63 * SECTOR]


BROKEN_CHAINS = {
    "to itself": (entry_bytes(EXTENDED, 0, 63), "loops back"),
    "past the end": (entry_bytes(EXTENDED, 1 << 30, 63), "leads to the end of the image"),
    "into a drive": (entry_bytes(EXTENDED, 99, 63), "where none is described"),
}


@pytest.mark.parametrize(("link", "reason"), BROKEN_CHAINS.values(), ids=BROKEN_CHAINS)
def test_a_broken_chain_is_said_and_its_drives_are_searched_for(link: bytes, reason: str) -> None:
    """What the chain no longer leads to is found by its boot sector, after the others."""
    disk = build_disk([primary(), logical(), logical()])
    drive = entry_bytes(0x07, disk.starts[1] - disk.extended[0], 2048)
    write_table(disk.data, disk.extended[0], [drive, link])
    table = find_volumes(BytesDisk(disk.data))
    assert [volume.offset // SECTOR for volume in table.volumes] == list(disk.starts)
    told = [volume.type_code is not None for volume in table.volumes]
    assert told == [True, True, False]
    assert [volume.letter for volume in table.volumes] == ["C:", "D:", "E:"]
    assert table.note is not None
    assert reason in table.note
    assert SEARCHED in table.note


def test_an_endless_chain_is_given_up() -> None:
    """A chain that never loops is followed to 256 links."""
    data = bytearray(64 * SECTOR + 300 * SECTOR)
    write_table(data, 0, [entry_bytes(EXTENDED, 63, 300)])
    for link in range(299):
        write_table(data, 63 + link, [entry_bytes(EXTENDED, link + 1, 1)])
    note = find_volumes(BytesDisk(data)).note
    assert note is not None
    assert "more than 256 links" in note


@pytest.mark.parametrize(("kept", "is_read"), [(64, False), (65, True), (2000, True)])
def test_a_truncated_image_is_said(kept: int, is_read: bool) -> None:
    """Kept sectors that hold the boot sector leave a volume, cut off; others leave a reason."""
    disk = build_disk([primary(content=bytes(SECTOR)), primary()])
    start = disk.starts[1]
    table = find_volumes(BytesDisk(disk.data[: (start + kept - 64) * SECTOR]))
    if is_read:
        (volume,) = table.volumes
        assert volume.is_cut_off
        assert table.note == "the image ends inside partition 2"
    else:
        assert "begins past the end of the image" in table.refused[-1].message


def test_an_unreadable_boot_sector_refuses_its_partition() -> None:
    """A bad sector is the reason, and the other partition is read."""
    disk = build_disk([primary(), primary()])
    bad = disk.starts[0] * SECTOR
    table = find_volumes(BytesDisk(disk.data, bad=range(bad, bad + 1)))
    assert "cannot be read at its boot sector: bad sector" in table.refused[0].message
    assert [volume.number for volume in table.volumes] == [2]


def test_an_unreadable_first_sector_is_an_error() -> None:
    """Without it nothing is known of the disk."""
    with pytest.raises(SourceError, match="bad sector"):
        find_volumes(BytesDisk(ntfs(), bad=range(1)))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 200 * SECTOR - 1), st.integers(0, 255)), max_size=40))
def test_no_content_makes_it_raise(changes: list[tuple[int, int]]) -> None:
    """Whatever the tables hold, the answer is a table of volumes that lie on the disk."""
    disk = build_disk([primary(), logical()])
    for place, value in changes:
        disk.data[place if place < 63 * SECTOR else place % SECTOR] = value
    for volume in find_volumes(BytesDisk(disk.data)).volumes:
        assert 0 <= volume.offset < len(disk.data)


@given(st.binary(max_size=3 * SECTOR))
def test_any_few_bytes_are_a_disk(data: bytes) -> None:
    """A disk of a few bytes, or of none, holds no volume and is no error."""
    assert find_volumes(BytesDisk(data)).volumes == ()
