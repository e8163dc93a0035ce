r"""Images that were damaged on purpose: what the report says, and never ``fixed`` from wrong bytes.

The judge is that of the fuzz target: see ``fixtures.fuzz.disk_oracle``.
"""

import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest
from msgspec import structs
from typer.testing import CliRunner

from fixtures.containers import qcow2_image, vmdk_descriptor
from fixtures.disk import fat_volume
from fixtures.disk.disk_file import DiskFile, Storage
from fixtures.disk.nt_disk import STOCK_SP6A, machine_files, ntfs_partition
from fixtures.disk.ntfs.attribute import AttributeType, resident
from fixtures.disk.ntfs.file_record import RECORD
from fixtures.disk.ntfs.update_sequence import protect
from fixtures.disk.partitions import (
    EXTENDED,
    SECTOR,
    TRACK,
    build_disk,
    entry_bytes,
    write_table,
)
from fixtures.fuzz.disk_oracle import judge
from fixtures.fuzz.disk_samples import DRIVER, FIX, STOCK, fat_disk, ntfs_disk, ntfs_volume
from fixtures.fuzz.places import disk_sample, fat_range
from ntscan.asking import EVERYTHING
from ntscan.cli import app
from ntscan.composer import scan
from ntscan.reporting.report import TargetEntry
from ntscan.vocabulary import ScanStatus, Status

#: Seconds of processor time that an image of 2 MB may take, whatever is on it.
LIMIT: Final = 2.0
VOLUME: Final = TRACK * SECTOR
#: The FAT16 volume is a logical drive: one track behind the record that names it.
FAT_VOLUME: Final = 2 * TRACK * SECTOR
HIVE: Final = "WINNT/system32/config/system"
FOLDER: Final = "WINNT/system32/drivers"


def check(image: Path, content: bytes | bytearray, *, thorough: bool = False) -> TargetEntry:
    """Scan an image of these bytes within the limit, and hold what is said against them."""
    image.write_bytes(content)
    options = structs.replace(EVERYTHING, model=False, thorough=thorough)
    begun = time.process_time()
    target = scan(str(image), options=options).targets[0]
    assert time.process_time() - begun < LIMIT
    judge(target, image)
    return target


def told(target: TargetEntry) -> str:
    """All that the report says of what is wrong."""
    note = target.image.note if target.image is not None else None
    return "; ".join((*(error.message for error in target.errors), note or ""))


def verdicts(target: TargetEntry) -> list[Status]:
    """The status of each finding that decides."""
    return [finding.status for finding in target.findings if finding.decides]


def fat() -> bytearray:
    """A disk whose logical drive is FAT16, with the fix."""
    missing = fat_volume.missing_tool()
    if missing is not None:
        pytest.skip(f"lacks {missing} (packages mtools, dosfstools)")
    return bytearray(fat_disk(FIX, STOCK))


def ntfs(storage: Storage = Storage.PLAIN) -> bytearray:
    """A disk whose one partition is NTFS 1.2, with the fix."""
    return bytearray(ntfs_disk(FIX, STOCK, storage))


def metadata_sectors(disk: bytes) -> list[int]:
    """Where sectors begin that hold tables, FATs, folders, records or blocks of an index."""
    boot = disk.find(b"mkfs.fat") - 3
    system_area = range(0)
    if boot >= 0:
        start, size = fat_range(disk, boot)
        system_area = range(boot, start + 2 * size, SECTOR)
    return sorted({*system_area, *(place // SECTOR * SECTOR for place in disk_sample(disk).places)})


@pytest.mark.parametrize("make", [fat, ntfs], ids=["fat16", "ntfs"])
def test_an_image_cut_off_in_its_metadata_is_never_whole(
    make: Callable[[], bytearray], tmp_path: Path
) -> None:
    """Cut at each sector of tables, FATs, folders and records, it is scanned in part at most."""
    disk = bytes(make())
    cuts = metadata_sectors(disk)
    assert len(cuts) > 40
    cut_off = [check(tmp_path / "disk.dd", disk[:cut]) for cut in cuts]
    assert {target.scan_status for target in cut_off} <= {ScanStatus.PARTIAL, ScanStatus.FAILED}


@pytest.mark.parametrize("make", [fat, ntfs], ids=["fat16", "ntfs"])
@pytest.mark.parametrize("filler", [b"\0", b"\xff"], ids=["zeros", "ones"])
def test_a_sector_of_metadata_that_is_lost_decides_nothing(
    filler: bytes, make: Callable[[], bytearray], tmp_path: Path
) -> None:
    """With any one sector of it overwritten, the verdict is that of the sound disk, or none."""
    disk = make()
    statuses = set()
    for sector in metadata_sectors(bytes(disk)):
        damaged = disk.copy()
        damaged[sector : sector + SECTOR] = filler * SECTOR
        statuses |= {*verdicts(check(tmp_path / "disk.dd", damaged))}
    assert Status.UNDETERMINED in statuses
    assert statuses <= {Status.FIXED, Status.UNDETERMINED}


@dataclass(frozen=True, kw_only=True)
class Case:
    """Damage to a disk, what comes of it, and words that the report has about it."""

    make: Callable[[], bytearray]
    damage: Callable[[bytearray], None]
    scan_status: ScanStatus
    statuses: tuple[Status, ...]
    says: str = ""


# --- partition tables ------------------------------------------------------------------------


def zero_table(disk: bytearray) -> None:
    """Lose the master boot record."""
    disk[:SECTOR] = bytes(SECTOR)


def loop_drives(disk: bytearray) -> None:
    """Lead from the one logical drive back to its own record."""
    drive = disk[TRACK * SECTOR + 446 : TRACK * SECTOR + 462]
    write_table(disk, TRACK, [bytes(drive), entry_bytes(EXTENDED, 0, 4096)])


def loop_without_drives(disk: bytearray) -> None:
    """Leave of the chain of logical drives nothing but the way back."""
    write_table(disk, TRACK, [entry_bytes(EXTENDED, 0, 4096)])


def fat_boot(field: int, value: bytes) -> Callable[[bytearray], None]:
    """Overwrite a field of the BIOS parameter block."""
    return overwrite(FAT_VOLUME + field, value)


def ntfs_boot(field: int, value: bytes) -> Callable[[bytearray], None]:
    """Overwrite a field of NTFS's boot sector."""
    return overwrite(VOLUME + field, value)


def overwrite(at: int, value: bytes) -> Callable[[bytearray], None]:
    """Overwrite bytes of the disk."""

    def damage(disk: bytearray) -> None:
        disk[at : at + len(value)] = value

    return damage


# --- FAT -------------------------------------------------------------------------------------


def relink(path: str, link: Callable[[list[int]], int], *, at: int) -> Callable[[bytearray], None]:
    """Set an entry of a chain: ``link`` chooses from the chain's clusters; ``at`` counts in it."""

    def damage(disk: bytearray) -> None:
        chain = fat_chain(disk, path)
        start, size = fat_range(bytes(disk), FAT_VOLUME)
        for copy in (start, start + size):
            struct.pack_into("<H", disk, copy + 2 * chain[at], link(chain))

    return damage


def fat_chain(disk: bytearray, path: str) -> list[int]:
    """Follow the clusters of what lies at a path of 8.3 names, on one-sector clusters."""
    start, size = fat_range(bytes(disk), FAT_VOLUME)
    (roots,) = struct.unpack_from("<H", disk, FAT_VOLUME + 17)
    root = start + 2 * size
    data = root + 32 * roots
    place, chain = root, list[int]()
    for name in path.upper().split("/"):
        stem, _, extension = name.partition(".")
        entry = disk.index(f"{stem:8}{extension:3}".encode(), place)
        (cluster,) = struct.unpack_from("<H", disk, entry + 26)
        chain = [cluster]
        while (following := struct.unpack_from("<H", disk, start + 2 * chain[-1])[0]) < 0xFFF8:
            chain.append(following)
        place = data + (cluster - 2) * SECTOR
    return chain


# --- NTFS ------------------------------------------------------------------------------------


def edit_record(
    path: str, edit: Callable[[bytearray], None], storage: Storage = Storage.PLAIN
) -> Callable[[bytearray], None]:
    """Change a file record, with its update sequence right again."""

    def damage(disk: bytearray) -> None:
        at = VOLUME + ntfs_volume(FIX, STOCK, storage).records[path]
        record = disk[at : at + RECORD]
        for index, end in enumerate((SECTOR, RECORD), 1):
            record[end - 2 : end] = record[0x2A + 2 * index : 0x2C + 2 * index]
        edit(record)
        disk[at : at + RECORD] = protect(bytes(record), 0x2A)

    return damage


def attribute_at(record: bytes | bytearray, kind: AttributeType) -> int:
    """Where the first attribute of a type begins in a record."""
    at = 0x30
    while struct.unpack_from("<I", record, at)[0] != kind:
        at += struct.unpack_from("<I", record, at + 4)[0]
    return at


def claim(size: int) -> Callable[[bytearray], None]:
    """Have a file's data claim a size, all of it valid and allocated."""

    def edit(record: bytearray) -> None:
        at = attribute_at(record, AttributeType.DATA)
        struct.pack_into("<QQQ", record, at + 0x28, size, size, size)

    return edit


def list_data(*records: int) -> Callable[[bytearray], None]:
    """Say in an attribute list that a file's data is described in other records."""

    def edit(record: bytearray) -> None:
        entries = b"".join(
            struct.pack("<IHBBQQH6x", AttributeType.DATA, 32, 0, 26, 0, number | 1 << 48, 0)
            for number in records
        )
        at = attribute_at(record, AttributeType.FILE_NAME)
        inserted = resident(AttributeType.ATTRIBUTE_LIST, entries)
        record[at:] = (inserted + record[at:])[: RECORD - at]

    return edit


def record_number(path: str) -> int:
    """The number of a path's file record."""
    records = ntfs_volume(FIX, STOCK).records
    return 5 + (records[path] - records["."]) // RECORD


def loop_lists(disk: bytearray) -> None:
    """Have two files' attribute lists lead to each other's records."""
    first, second = DRIVER, f"{FOLDER}/srv.sys"
    edit_record(first, list_data(record_number(second)))(disk)
    edit_record(second, list_data(record_number(first)))(disk)


def loop_index(disk: bytearray) -> None:
    """Lead the last entry of the root folder's first index block to that block itself."""
    block = disk.index(b"INDX")
    (first, used) = struct.unpack_from("<II", disk, block + 0x18)
    struct.pack_into("<I", disk, block + 0x1C, used + 8)
    entry = block + 0x18 + first
    while not disk[entry + 12] & 2:
        entry += int.from_bytes(disk[entry + 8 : entry + 10], "little")
    struct.pack_into("<QHHHHQ", disk, entry, 0, 24, 0, 3, 0, 0)


def claim_blocks(size: int) -> Callable[[bytearray], None]:
    """Have a folder's index claim blocks of a size in bytes."""

    def edit(record: bytearray) -> None:
        at = attribute_at(record, AttributeType.INDEX_ROOT)
        (value,) = struct.unpack_from("<H", record, at + 0x14)
        struct.pack_into("<I", record, at + value + 8, size)

    return edit


def loop_folders(disk: bytearray) -> None:
    """Have three names in the drivers' folder lead to the folder above it."""
    above = struct.pack("<Q", record_number("WINNT/system32") | 1 << 48)
    at = VOLUME + ntfs_volume(FIX, STOCK).records[FOLDER]
    for name in ("fastfat.sys", "ntfs.sys", "srv.sys"):
        entry = struct.pack("<Q", record_number(f"{FOLDER}/{name}") | 1 << 48)
        place = disk.index(entry, at, at + RECORD)
        disk[place : place + 8] = above


def swell(chunk: bytes) -> Callable[[bytearray], None]:
    """Fill the first compression unit of the driver with chunks of LZNT1."""

    def damage(disk: bytearray) -> None:
        record = VOLUME + ntfs_volume(FIX, STOCK, Storage.COMPRESSED).records[DRIVER]
        at = record + attribute_at(disk[record : record + RECORD], AttributeType.DATA)
        pairs = at + struct.unpack_from("<H", disk, at + 0x20)[0]
        lengths, places = disk[pairs] & 15, disk[pairs] >> 4
        run = int.from_bytes(disk[pairs + 1 : pairs + 1 + lengths], "little") * SECTOR
        start = pairs + 1 + lengths
        lcn = int.from_bytes(disk[start : start + places], "little")
        place = VOLUME + lcn * SECTOR
        disk[place : place + run] = (chunk * (run // len(chunk) + 1))[:run]

    return damage


def compressed() -> bytearray:
    """The NTFS disk with its drivers compressed."""
    return ntfs(Storage.COMPRESSED)


COMPLETE, PARTIAL = ScanStatus.COMPLETE, ScanStatus.PARTIAL
FIXED, UNDETERMINED = (Status.FIXED,), (Status.UNDETERMINED,)
FOUND: Final = "found by their boot sectors"
NO_BOOT: Final = "does not begin with a boot sector"
BROKEN: Final = "cluster chain is broken"


def case(  # noqa: D103
    make: Callable[[], bytearray],
    damage: Callable[[bytearray], None],
    scan_status: ScanStatus,
    statuses: tuple[Status, ...],
    says: str = "",
) -> Case:
    return Case(make=make, damage=damage, scan_status=scan_status, statuses=statuses, says=says)


CASES: Final = {
    "zeroed master boot record, FAT16": case(fat, zero_table, COMPLETE, FIXED, FOUND),
    "zeroed master boot record, NTFS": case(ntfs, zero_table, COMPLETE, FIXED, FOUND),
    "a loop behind the logical drive": case(fat, loop_drives, COMPLETE, FIXED, "loops back"),
    "a loop without a drive": case(fat, loop_without_drives, COMPLETE, FIXED, FOUND),
    "FAT clusters of no sectors": case(fat, fat_boot(13, b"\0"), PARTIAL, UNDETERMINED, NO_BOOT),
    "FAT clusters of three sectors": case(fat, fat_boot(13, b"\3"), PARTIAL, UNDETERMINED, NO_BOOT),
    "FAT clusters of 64 KB": case(fat, fat_boot(13, b"\x80"), PARTIAL, UNDETERMINED),
    "FAT sectors of no bytes": case(fat, fat_boot(11, b"\0\0"), PARTIAL, UNDETERMINED, NO_BOOT),
    "a FAT volume of 2 TB": case(
        fat, fat_boot(19, b"\0\0" + bytes(11) + b"\xff" * 4), PARTIAL, UNDETERMINED
    ),
    "NTFS clusters of no sectors": case(ntfs, ntfs_boot(13, b"\0"), PARTIAL, UNDETERMINED, NO_BOOT),
    "NTFS clusters of 64 KB": case(ntfs, ntfs_boot(13, b"\x80"), PARTIAL, UNDETERMINED),
    "NTFS records of 2 GB": case(ntfs, ntfs_boot(64, b"\xe1"), PARTIAL, UNDETERMINED),
    "NTFS records of no bytes": case(ntfs, ntfs_boot(64, b"\0"), PARTIAL, UNDETERMINED),
    "NTFS index blocks of 2 GB": case(ntfs, ntfs_boot(68, b"\xe1"), COMPLETE, FIXED),
    "the driver's chain loops": case(
        fat, relink(DRIVER, lambda chain: chain[3], at=9), PARTIAL, UNDETERMINED
    ),
    "the driver's chain is one cluster": case(
        fat, relink(DRIVER, lambda chain: chain[0], at=0), PARTIAL, UNDETERMINED
    ),
    "the driver's chain ends early": case(
        fat, relink(DRIVER, lambda _: 0xFFFF, at=9), PARTIAL, UNDETERMINED, BROKEN
    ),
    "the driver's chain leads into free clusters": case(
        fat, relink(DRIVER, lambda _: 0, at=9), PARTIAL, UNDETERMINED, BROKEN
    ),
    "the driver's chain leads off the volume": case(
        fat, relink(DRIVER, lambda _: 0xFFEF, at=9), PARTIAL, UNDETERMINED
    ),
    "the driver's chain skips a cluster": case(
        fat, relink(DRIVER, lambda chain: chain[11], at=9), PARTIAL, UNDETERMINED
    ),
    "the driver's chain runs into itself from behind": case(
        fat, relink(DRIVER, lambda chain: chain[20], at=30), PARTIAL, UNDETERMINED
    ),
    "the folder's chain loops": case(
        fat, relink(FOLDER, lambda chain: chain[0], at=-1), PARTIAL, UNDETERMINED
    ),
    "the folder's chain leads into free clusters": case(
        fat, relink(FOLDER, lambda _: 0, at=-1), PARTIAL, UNDETERMINED
    ),
    "the hive's chain loops": case(fat, relink(HIVE, lambda chain: chain[0], at=5), PARTIAL, FIXED),
    "a list of attributes that leads to its own record": case(
        ntfs, edit_record(DRIVER, list_data(record_number(DRIVER))), COMPLETE, FIXED
    ),
    "two lists of attributes that lead to each other": case(
        ntfs, loop_lists, PARTIAL, UNDETERMINED
    ),
    "an index whose entries lead to their own block": case(ntfs, loop_index, COMPLETE, FIXED),
    "an index of blocks of one byte": case(
        ntfs, edit_record(".", claim_blocks(1)), PARTIAL, UNDETERMINED, "have 1 bytes"
    ),
    "a driver of 1 TB": case(
        ntfs, edit_record(DRIVER, claim(1 << 40)), PARTIAL, UNDETERMINED, "at most 16,777,216"
    ),
    "a hive of 1 TB": case(ntfs, edit_record(HIVE, claim(1 << 40)), PARTIAL, FIXED),
    "a folder's file of negative size": case(
        ntfs, edit_record(DRIVER, claim((1 << 64) - 1)), PARTIAL, UNDETERMINED
    ),
    "LZNT1 that swells": case(compressed, swell(b"\x03\xb0\x02a\xfc\x0f"), PARTIAL, UNDETERMINED),
    "LZNT1 that leads before its start": case(
        compressed, swell(b"\x03\xb0\x01\xff\xff\0"), PARTIAL, UNDETERMINED
    ),
    "LZNT1 longer than its unit": case(compressed, swell(b"\xff\xbf"), PARTIAL, UNDETERMINED),
    "a compressed driver of 1 TB": case(
        compressed,
        edit_record(DRIVER, claim(1 << 40), Storage.COMPRESSED),
        PARTIAL,
        UNDETERMINED,
        "at most 16,777,216",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("thorough", [False, True], ids=["looked up", "walked"])
def test_damage_is_said_and_decides_nothing(case: Case, thorough: bool, tmp_path: Path) -> None:
    """Each structure that can be made to lie: the scan ends, and its report says what is known."""
    disk = case.make()
    case.damage(disk)
    target = check(tmp_path / "disk.dd", disk, thorough=thorough)
    assert (target.scan_status, tuple(verdicts(target))) == (case.scan_status, case.statuses)
    assert case.says in told(target)
    assert case.scan_status is COMPLETE or told(target)


def test_a_folder_that_leads_back_to_one_above_is_walked_once(tmp_path: Path) -> None:
    """Three names that lead back would be more folders than memory holds after a few levels."""
    disk = ntfs()
    loop_folders(disk)
    target = check(tmp_path / "disk.dd", disk, thorough=True)
    assert verdicts(target) == [Status.FIXED]
    assert told(target).count("met before") == 3


# --- containers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("{outside}", "names a file elsewhere"),
        ("../outside-flat.vmdk", "names a file elsewhere"),
        ("..\\outside-flat.vmdk", "names a file elsewhere"),
        ("C:\\outside-flat.vmdk", "names a file elsewhere"),
        ("\\\\server\\share\\outside-flat.vmdk", "names a file elsewhere"),
        ("..", "names a file elsewhere"),
        ("link-flat.vmdk", "is a symbolic link"),
    ],
)
def test_a_vmdk_never_leads_out_of_its_folder(name: str, says: str, tmp_path: Path) -> None:
    """An extent elsewhere is refused, though a sound disk lies there and a link leads to it."""
    outside = tmp_path / "outside-flat.vmdk"
    outside.write_bytes(ntfs())
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "link-flat.vmdk").symlink_to(outside)
    extent = f'RW {len(ntfs()) // SECTOR} FLAT "{name.format(outside=outside)}" 0'
    target = check(folder / "disk.vmdk", vmdk_descriptor(extent))
    assert (target.scan_status, verdicts(target)) == (ScanStatus.FAILED, [])
    assert says in told(target)


def test_a_qcow2_cluster_that_swells_is_read_as_far_as_a_cluster(tmp_path: Path) -> None:
    """A stream that inflates to 128 MB in place of the boot sector's cluster costs no memory."""
    deflater = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    bomb = b"".join(deflater.compress(bytes(1 << 20)) for _ in range(128)) + deflater.flush()
    image = bytearray(qcow2_image(bytes(ntfs()), is_compressed=True))
    table = 2 << 16
    entry = 1 << 62 | (len(bomb) // SECTOR) << 54 | len(image)
    image[table : table + 8] = (entry & (1 << 63) - 1).to_bytes(8, "big")
    tracemalloc.start()
    try:
        target = check(tmp_path / "disk.qcow2", image + bomb)
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()
    assert target.scan_status is not ScanStatus.COMPLETE or "boot sectors" in told(target)


# --- names -----------------------------------------------------------------------------------


ACTS: Final = "\x1b[31m\u202e[red]"


@pytest.mark.parametrize(
    "options",
    [
        ["--format", "table"],
        ["--format", "table", "--thorough", "--explain"],
        ["--format", "json"],
        ["--format", "json", "--thorough"],
    ],
    ids=" ".join,
)
def test_names_on_a_volume_act_on_no_terminal(options: list[str], tmp_path: Path) -> None:
    """Folders and files bear escapes, bidirectional overrides and markup; each is shown whole."""
    files = [
        replace(file, path=file.path.replace("WINNT", f"WIN{ACTS}"))
        for file in machine_files(STOCK_SP6A)
    ]
    files += [DiskFile(path=f"$NtUninstall{ACTS}$/sfmsrv.sys", content=b"MZ")]
    (tmp_path / "disk").write_bytes(build_disk([ntfs_partition(files)]).data)
    shown = CliRunner().invoke(app, ["check", str(tmp_path / "disk"), *options]).stdout
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert r"WIN\x1b[31m\u202e[red]" in shown.replace("\\\\", "\\")


def test_the_name_of_an_extent_acts_on_no_terminal(tmp_path: Path) -> None:
    """The table leads into an extent that ends too early, and what is said names its file."""
    table = bytearray(SECTOR)
    write_table(table, 0, [entry_bytes(EXTENDED, 1, 128)])
    (tmp_path / "first").write_bytes(table)
    header = struct.pack("<4sIIQQQQIQQQ", b"KDMV", 1, 3, 128, 128, 0, 0, 512, 1, 1, 128)
    header += b"\0\n \r\n"
    directory = struct.pack("<I", 1 << 24).ljust(SECTOR, b"\0")
    (tmp_path / f"second{ACTS}").write_bytes(header.ljust(SECTOR, b"\0") + directory)
    extents = ('RW 1 FLAT "first" 0', f'RW 128 SPARSE "second{ACTS}"')
    target = check(tmp_path / "disk.vmdk", vmdk_descriptor(*extents))
    assert r"second\x1b[31m\u202e[red] is truncated" in told(target)
    assert told(target).isprintable()
