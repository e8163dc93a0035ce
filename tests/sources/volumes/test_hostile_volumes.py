"""Volumes made to mislead or to keep a reader busy: SourceError, or what is there."""

import random
import struct
from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.disk.bytes_disk import BytesDisk
from fixtures.disk.disk_file import DiskFile, Storage
from fixtures.disk.ntfs.attribute import AttributeType, nonresident, resident
from fixtures.disk.ntfs.file_record import RECORD, file_record
from fixtures.disk.ntfs.mapping_pairs import Run
from fixtures.disk.ntfs.volume import NTFSVolume, build_ntfs_volume
from ntscan.errors import SourceError
from ntscan.sources.volumes.file_system import FileSystem
from ntscan.sources.volumes.find import find_volumes

MOST = 1 << 20
FILES = (
    DiskFile(path="victim.sys", content=b"MZ" + bytes(3000)),
    DiskFile(path="other.sys", content=b"MZ" + bytes(5000)),
    DiskFile(path="squeezed.sys", content=b"MZ" + bytes(90_000), storage=Storage.COMPRESSED),
    *(DiskFile(path=f"many/f{n:03}", content=b"", storage=Storage.RESIDENT) for n in range(120)),
)


@cache
def plain() -> bytes:
    """The volume before anything is done to it."""
    return bytes(build_ntfs_volume(FILES).data)


def with_record(attributes: Callable[[NTFSVolume, int], list[bytes]]) -> bytearray:
    """The volume with other attributes behind the victim's own name."""
    made = build_ntfs_volume(FILES)
    place = made.records["victim.sys"]
    number = (place - made.records["."]) // RECORD + 5
    kept = []
    at = place + 0x30
    while (code := struct.unpack_from("<I", made.data, at)[0]) < AttributeType.DATA:
        (length,) = struct.unpack_from("<I", made.data, at + 4)
        kept.append(bytes(made.data[at : at + length]))
        at += length
        assert code
    record = file_record((*kept, *attributes(made, number)))
    made.data[place : place + RECORD] = record
    return made.data


def visit(data: bytes | bytearray) -> dict[str, bytes | str]:
    """What comes of every file in the root and below: its bytes, or the sentence of an error."""
    disk = BytesDisk(data)
    outcome: dict[str, bytes | str] = {}
    for volume in find_volumes(disk).volumes:
        try:
            system = FileSystem(disk, volume)
            folders = [(system.root, 0)]
            while folders:
                folder, depth = folders.pop()
                for node in system.children(folder):
                    if node.is_folder and depth < 4:  # A folder may lie inside itself.
                        folders.append((node, depth + 1))
                        continue
                    try:
                        outcome[node.name] = system.read(node, MOST)
                    except SourceError as error:
                        outcome[node.name] = str(error)
        except SourceError as error:
            outcome[""] = str(error)
    return outcome


def list_entry(code: AttributeType, record: int, lowest_vcn: int = 0) -> bytes:
    """An ATTRIBUTE_LIST_ENTRY that leads to a record."""
    reference = record | 1 << 48
    return struct.pack("<IHBBQQH6x", code, 32, 0, 26, lowest_vcn, reference, 0)


def listing_itself(_: NTFSVolume, number: int) -> list[bytes]:
    """An attribute list whose every entry is the record that it stands in."""
    entries = list_entry(AttributeType.ATTRIBUTE_LIST, number)
    entries += list_entry(AttributeType.DATA, number) * 8
    return [resident(AttributeType.ATTRIBUTE_LIST, entries)]


def listing_each_other(made: NTFSVolume, number: int) -> list[bytes]:
    """Two records, each of whose lists leads to the other."""
    other = made.records["other.sys"]
    lists_back = resident(AttributeType.ATTRIBUTE_LIST, list_entry(AttributeType.DATA, number))
    made.data[other : other + RECORD] = file_record((lists_back,), base=number | 1 << 48)
    return [
        resident(
            AttributeType.ATTRIBUTE_LIST,
            list_entry(AttributeType.ATTRIBUTE_LIST, number + 1)
            + list_entry(AttributeType.DATA, number + 1),
        )
    ]


def claiming_much(_: NTFSVolume, __: int) -> list[bytes]:
    """A file of 2^62 bytes in one cluster."""
    return [nonresident(AttributeType.DATA, [Run(100, 1)], 1 << 62, 512)]


def out_of_the_volume(_: NTFSVolume, __: int) -> list[bytes]:
    """A run that leads past the end."""
    return [nonresident(AttributeType.DATA, [Run(1 << 40, 4)], 2000, 512)]


def before_the_volume(_: NTFSVolume, __: int) -> list[bytes]:
    """A run that leads to a negative cluster."""
    return [nonresident(AttributeType.DATA, [Run(100, 1), Run(-50, 4)], 2000, 512)]


def fewer_runs(_: NTFSVolume, __: int) -> list[bytes]:
    """A file whose runs end before it does."""
    return [nonresident(AttributeType.DATA, [Run(100, 1)], 5000, 512)]


def a_bomb(_: NTFSVolume, __: int) -> list[bytes]:
    """2^40 bytes, compressed to nothing."""
    runs = [Run(None, 1 << 31)]
    return [nonresident(AttributeType.DATA, runs, 1 << 40, 512, compression_unit=4)]


def absurd_unit(_: NTFSVolume, __: int) -> list[bytes]:
    """Compression units of 2^60 clusters."""
    runs = [Run(100, 1), Run(None, 15)]
    return [nonresident(AttributeType.DATA, runs, 2000, 512, compression_unit=60)]


def no_data(_: NTFSVolume, __: int) -> list[bytes]:
    """A file record without the data that its name promises."""
    return []


RECORDS = {
    listing_itself: "damaged (its record has no $DATA)",
    listing_each_other: "damaged (its record has no $DATA)",
    claiming_much: "holds 4,611,686,018,427,387,904 bytes, and at most",
    out_of_the_volume: "damaged",
    before_the_volume: "damaged",
    fewer_runs: "damaged",
    a_bomb: "damaged",
    absurd_unit: "damaged",
    no_data: "damaged (its record has no $DATA)",
}


@pytest.mark.parametrize(("attributes", "said"), RECORDS.items())
def test_a_hostile_record_spoils_its_own_file_alone(
    attributes: Callable[[NTFSVolume, int], list[bytes]], said: str
) -> None:
    """It ends in an error; the other files are read."""
    outcome = visit(with_record(attributes))
    assert said in str(outcome["victim.sys"])
    assert outcome["squeezed.sys"] == FILES[2].content


CLUSTERS = [0, 3, 0x40, 0x80, 0xF0, 0xFF]


@pytest.mark.parametrize("sectors", CLUSTERS)
def test_an_absurd_cluster_size_is_an_error(sectors: int) -> None:
    """It leaves no volume, or one that cannot be opened."""
    data = bytearray(plain())
    data[13] = sectors
    outcome = visit(data)
    assert "victim.sys" not in outcome


def test_an_index_that_leads_in_a_circle_is_read_once() -> None:
    """A block that names itself as the one below gives its names, and ends."""
    data = bytearray(plain())
    block = data.index(b"INDX")
    struct.pack_into("<I", data, block + 0x18 + 12, 1)
    assert set(visit(data)) <= set(visit(plain()))


def test_a_folder_that_holds_itself_is_listed() -> None:
    """The reader of folders bounds its own depth; the listing is finite."""
    made = build_ntfs_volume(FILES)
    place, reference = made.records["."], struct.pack("<Q", 5 | 5 << 48)
    number = struct.pack("<Q", (made.records["many"] - place) // RECORD + 5 | 1 << 48)
    at = made.data.index(number, place)
    made.data[at : at + 8] = reference
    assert "victim.sys" in visit(made.data)


@settings(max_examples=120, deadline=None)
@given(st.randoms(use_true_random=False))
def test_damage_anywhere_in_the_metadata_is_an_error_or_content(chance: random.Random) -> None:
    """Nothing but SourceError leaves the reader, whatever the records and indexes hold."""
    data = bytearray(plain())
    (mft,) = struct.unpack_from("<Q", data, 48)
    for _ in range(chance.randint(1, 8)):
        place = chance.choice((chance.randrange(512), mft * 512 + chance.randrange(40 * RECORD)))
        data[place : place + 2] = chance.randbytes(2)
    assert all(isinstance(found, bytes | str) for found in visit(data).values())
