r"""Disk images are checked as folders are: systems found, files read, and what is refused said."""

import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from msgspec import structs

from fixtures.disk.disk_file import DiskFile, Storage
from fixtures.disk.fat_volume import FATRecipe, build_fat_volume, missing_tool
from fixtures.disk.nt_disk import (
    STOCK_SP6A,
    WITH_THE_FIX,
    machine_files,
    ntfs_disk,
    ntfs_partition,
)
from fixtures.disk.ntfs.recipe import NTFSRecipe
from fixtures.disk.ntfs.volume import build_ntfs_volume
from fixtures.disk.partitions import PartitionRecipe, build_disk
from fixtures.nt_machine import write_machine
from fixtures.nt_system_hives import SFM, NTControlSet, NTService, NTSystem
from ntscan.asking import EVERYTHING
from ntscan.composer import scan
from ntscan.reporting.report import TargetEntry
from ntscan.vocabulary import (
    Anomaly,
    FileRole,
    ModificationTimeKind,
    ScanStatus,
    Stage,
    Status,
    TargetKind,
)

AFFECTED: Final = machine_files(STOCK_SP6A)
FIXED: Final = machine_files(WITH_THE_FIX)
DRIVER: Final = "WINNT/system32/drivers/sfmsrv.sys"
BOOT_INI: Final = (
    "[operating systems]\r\n"
    'multi(0)disk(0)rdisk(0)partition({number})\\{folder}="Windows NT Server 4.00"\r\n'
)


def check(image: Path, *, thorough: bool = False) -> TargetEntry:
    """What a scan reports of an image."""
    options = structs.replace(EVERYTHING, model=False, thorough=thorough)
    return scan(str(image), options=options).targets[0]


def check_disk(folder: Path, partitions: Sequence[PartitionRecipe]) -> TargetEntry:
    """What a scan reports of a disk with these partitions."""
    image = folder / "disk.dd"
    image.write_bytes(build_disk(partitions).data)
    return check(image)


def verdicts(target: TargetEntry) -> list[tuple[Status, str]]:
    """The status of each finding that decides, with the path that it is about."""
    return [
        (finding.status, finding.files[0].path if finding.files else "")
        for finding in target.findings
        if finding.decides
    ]


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A raw image of a server whose driver lacks the fix, on NTFS 1.2."""
    image = tmp_path_factory.mktemp("raw") / "plant07.dd"
    image.write_bytes(ntfs_disk(STOCK_SP6A))
    return image


def test_an_image_says_what_its_folder_says(raw: Path, tmp_path: Path) -> None:
    """Findings on an image and on a copy of its files differ in paths and volume alone."""
    write_machine(tmp_path, STOCK_SP6A)
    options = structs.replace(EVERYTHING, model=False)
    image, folder = scan(str(raw), str(tmp_path), options=options).targets
    assert image.kind is TargetKind.DISK_IMAGE
    (of_image,), (of_folder,) = image.findings, folder.findings
    (file,) = of_image.files
    assert file.path == r"C:\WINNT\system32\drivers\sfmsrv.sys"
    assert file.volume is not None
    assert (file.volume.partition, file.volume.offset, file.volume.filesystem) == (
        1,
        63 * 512,
        "NTFS 1.2",
    )
    as_in_folder = structs.replace(file, path=of_folder.files[0].path, volume=None)
    assert structs.replace(of_image, files=(as_in_folder,)) == of_folder
    as_in_folder_system = structs.replace(
        image.systems[0], root=folder.systems[0].root, volume=None
    )
    assert as_in_folder_system == folder.systems[0]


QEMU: Final = [
    pytest.param(["-O", "vmdk", "-o", "subformat=monolithicSparse"], id="vmdk sparse"),
    pytest.param(["-O", "vmdk", "-o", "subformat=streamOptimized"], id="vmdk stream-optimised"),
    pytest.param(["-O", "vmdk", "-o", "subformat=monolithicFlat"], id="vmdk flat"),
    pytest.param(["-O", "vpc", "-o", "subformat=dynamic"], id="vhd dynamic"),
    pytest.param(["-O", "vpc", "-o", "subformat=fixed"], id="vhd fixed"),
    pytest.param(["-O", "vhdx"], id="vhdx"),
    pytest.param(["-O", "qcow2"], id="qcow2"),
    pytest.param(["-O", "qcow2", "-c"], id="qcow2 compressed"),
    pytest.param(["-O", "vdi"], id="vdi"),
]


@pytest.mark.parametrize("options", QEMU)
def test_a_container_changes_nothing(options: list[str], raw: Path, tmp_path: Path) -> None:
    """The same disk in any container gives the same findings, whatever the file is called."""
    qemu_img = shutil.which("qemu-img")
    if qemu_img is None:
        pytest.skip("lacks qemu-img (package qemu-utils)")
    image = tmp_path / "image"
    subprocess.run([qemu_img, "convert", *options, str(raw), str(image)], check=True)
    assert check(image).findings == check(raw).findings


def test_a_split_image_is_one_by_any_of_its_parts(raw: Path, tmp_path: Path) -> None:
    """Parts are joined in their order, and the findings are those of the whole."""
    data, third = raw.read_bytes(), raw.stat().st_size // 3
    for number in range(3):
        part = tmp_path / f"plant07.{number + 1:03}"
        part.write_bytes(data[number * third : (number + 1) * third if number < 2 else None])
    for number in (1, 2):
        assert check(tmp_path / f"plant07.{number:03}").findings == check(raw).findings


TYPES: Final = (0x06, 0x07, 0x86, 0x87, 0x17, 0x5A, 0xDB)


@pytest.mark.parametrize("type_code", TYPES)
def test_the_boot_sector_decides_and_not_the_type(type_code: int, tmp_path: Path) -> None:
    """Whatever the table calls a partition, what stands on it is read."""
    partition = ntfs_partition(AFFECTED, type_code=type_code, is_active=True)
    target = check_disk(tmp_path, [partition])
    assert [status for status, _ in verdicts(target)] == [Status.AFFECTED]
    assert target.systems[0].volume is not None
    assert target.systems[0].volume.type == f"0x{type_code:02x}"


def test_a_bare_volume_is_an_image(tmp_path: Path) -> None:
    """An image of one partition, without a table, is its volume C:."""
    (tmp_path / "volume").write_bytes(ntfs_partition(AFFECTED).content)
    path = r"C:\WINNT\system32\drivers\sfmsrv.sys"
    assert verdicts(check(tmp_path / "volume")) == [(Status.AFFECTED, path)]


@pytest.mark.parametrize("damage", [b"", b"\xff" * 64], ids=["zeroed", "broken"])
def test_volumes_are_searched_for_where_the_table_is_gone(damage: bytes, tmp_path: Path) -> None:
    """A lost table is said, and what the search finds is checked."""
    data = bytearray(ntfs_disk(STOCK_SP6A))
    data[:512] = bytes(446) + damage.ljust(64, b"\0") + (b"\x55\xaa" if damage else b"\0\0")
    (tmp_path / "disk").write_bytes(data)
    target = check(tmp_path / "disk")
    assert [status for status, _ in verdicts(target)] == [Status.AFFECTED]
    assert target.image is not None
    assert "found by their boot sectors" in (target.image.note or "")


def test_each_system_of_a_disk_is_one_with_its_letter(tmp_path: Path) -> None:
    """The active partition is C:, then come logical drives, then the other primary ones."""
    target = check_disk(
        tmp_path,
        [
            ntfs_partition(AFFECTED),
            ntfs_partition(FIXED, is_active=True),
            ntfs_partition(AFFECTED, is_logical=True),
        ],
    )
    roots = [(s.root, s.volume.partition if s.volume else None) for s in target.systems]
    assert roots == [(r"E:\WINNT", 1), (r"C:\WINNT", 2), (r"D:\WINNT", 3)]
    assert [status for status, _ in verdicts(target)] == [
        Status.AFFECTED,
        Status.FIXED,
        Status.AFFECTED,
    ]
    assert [finding.system for finding in target.findings] == [0, 1, 2]


def test_boot_ini_leads_to_a_folder_on_another_partition(tmp_path: Path) -> None:
    """The ARC path on C: names a folder below others on D:."""
    boot = BOOT_INI.format(number=2, folder=r"NT\SERVER").encode()
    system = [
        replace(file, path=file.path.replace("WINNT", "NT/SERVER"))
        for file in AFFECTED
        if file.path != "boot.ini"
    ]
    target = check_disk(
        tmp_path,
        [
            ntfs_partition([DiskFile(path="boot.ini", content=boot)], is_active=True),
            ntfs_partition(system, is_logical=True),
        ],
    )
    path = r"D:\NT\SERVER\system32\drivers\sfmsrv.sys"
    assert verdicts(target) == [(Status.AFFECTED, path)]


def test_a_volumes_root_can_be_the_system_root(tmp_path: Path) -> None:
    """Nothing but Setup's habits keeps NT out of it."""
    files = [replace(file, path=file.path.removeprefix("WINNT/")) for file in AFFECTED]
    target = check_disk(tmp_path, [ntfs_partition(files, is_active=True)])
    assert verdicts(target) == [(Status.AFFECTED, r"C:\system32\drivers\sfmsrv.sys")]
    assert [system.root for system in target.systems] == ["C:\\"]


WAYS: Final = (".", "WINNT", "WINNT/system32", "WINNT/system32/drivers")


@pytest.mark.parametrize("thorough", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_a_system_that_damage_may_hide_leaves_the_scan_partial(
    way: str, thorough: bool, tmp_path: Path
) -> None:
    """The system on C: is fixed; that on D: is affected, and the way to it cannot be read."""
    hidden = build_ntfs_volume(
        [file for file in AFFECTED if file.path != "boot.ini"], NTFSRecipe(serial_number=1)
    )
    hidden.data[hidden.records[way] + 510] ^= 0xFF
    disk = build_disk(
        [ntfs_partition(FIXED, is_active=True), PartitionRecipe(content=bytes(hidden.data))]
    )
    (tmp_path / "disk").write_bytes(disk.data)
    target = check(tmp_path / "disk", thorough=thorough)
    assert Status.FIXED in [status for status, _ in verdicts(target)]
    assert target.scan_status is ScanStatus.PARTIAL


def test_a_boot_ini_that_cannot_be_read_leaves_the_scan_partial(tmp_path: Path) -> None:
    """It may name a folder where nobody looks by himself."""
    made = build_ntfs_volume(FIXED)
    made.data[made.records["boot.ini"] + 510] ^= 0xFF
    target = check_disk(tmp_path, [PartitionRecipe(content=bytes(made.data))])
    assert [status for status, _ in verdicts(target)] == [Status.FIXED]
    assert target.scan_status is ScanStatus.PARTIAL


TWINS: Final = [
    pytest.param(("WINNT/sfm/sfmsrv.sys", "WINNT/sfm/SFMSRV.SYS"), id="files"),
    pytest.param(("WINNT/sfm/sfmsrv.sys", "WINNT/SFM/sfmsrv.sys"), id="folders"),
]


@pytest.mark.parametrize("places", TWINS)
def test_of_drivers_that_differ_by_case_alone_none_decides(
    places: tuple[str, str], tmp_path: Path
) -> None:
    """One holds the fix, one does not; the registry's path could mean either."""
    at = NTService(image_path=r"\SystemRoot\sfm\sfmsrv.sys")
    services = {**SFM, "MacSrv": at}
    system = NTSystem(control_sets={1: NTControlSet(services=services)})
    machine = machine_files(replace(STOCK_SP6A, system=system))
    drivers = [file for file in (*FIXED, *AFFECTED) if file.path == DRIVER]
    files = [file for file in machine if file.path != DRIVER]
    files += [replace(file, path=path) for file, path in zip(drivers, places, strict=True)]
    target = check_disk(tmp_path, [ntfs_partition(files, is_active=True)])
    assert verdicts(target) == [(Status.UNDETERMINED, "")]


SET_TYPES: Final = [pytest.param(0x87, id="NTFS"), pytest.param(0x86, id="FAT16 by its type")]


@pytest.mark.parametrize("type_code", SET_TYPES)
def test_the_halves_of_a_mirror_are_one_where_they_agree(type_code: int, tmp_path: Path) -> None:
    """One system, which names the other half and says that it agrees."""
    half = ntfs_partition(FIXED, type_code=type_code, is_active=True)
    target = check_disk(tmp_path, [half, replace(half, is_active=False)])
    assert [status for status, _ in verdicts(target)] == [Status.FIXED]
    (system,) = target.systems
    assert system.volume is not None
    assert system.volume.mirror is not None
    assert (system.volume.mirror.partition, system.volume.mirror.agrees) == (2, True)
    assert system.anomalies == ()


def test_the_halves_of_a_mirror_that_differ_are_two_and_an_anomaly(tmp_path: Path) -> None:
    """A broken mirror shows both systems; the one that lacks the fix makes the verdict."""
    halves = [ntfs_partition(files, type_code=0x87) for files in (FIXED, AFFECTED)]
    target = check_disk(tmp_path, halves)
    assert sorted(status for status, _ in verdicts(target)) == [Status.AFFECTED, Status.FIXED]
    assert [s.anomalies for s in target.systems] == [(Anomaly.MIRROR_HALVES_DIFFER,)] * 2
    assert {s.root for s in target.systems} == {r"C:\WINNT"}


def test_two_volumes_that_only_look_alike_are_no_mirror(tmp_path: Path) -> None:
    """Another serial number is another volume, fault tolerant or not."""
    other = NTFSRecipe(serial_number=1)
    target = check_disk(
        tmp_path,
        [
            ntfs_partition(FIXED, type_code=0x87),
            ntfs_partition(FIXED, type_code=0x87, recipe=other),
        ],
    )
    assert [s.volume.mirror if s.volume else None for s in target.systems] == [None, None]


def test_a_member_of_a_stripe_set_is_refused_by_name(tmp_path: Path) -> None:
    """Its files lie across disks: the scan is partial, and what can be read is read."""
    member = PartitionRecipe(content=bytes(1 << 20), type_code=0x87)
    target = check_disk(tmp_path, [ntfs_partition(FIXED, is_active=True), member])
    assert [status for status, _ in verdicts(target)] == [Status.FIXED]
    assert target.scan_status is ScanStatus.PARTIAL
    (error,) = target.errors
    assert error.stage is Stage.VOLUME
    assert "stripe or volume set" in error.message


def test_a_partition_of_another_system_leaves_the_scan_complete(tmp_path: Path) -> None:
    """Nothing of NT 4.0 can lie on Linux swap space: it is named, and nothing is missing."""
    swap = PartitionRecipe(content=bytes(1 << 20), type_code=0x82)
    target = check_disk(tmp_path, [ntfs_partition(FIXED, is_active=True), swap])
    assert (target.scan_status, len(target.errors)) == (ScanStatus.COMPLETE, 1)


def test_a_disk_of_which_no_volume_can_be_read_is_undetermined(tmp_path: Path) -> None:
    """A system may lie on the member of a stripe set, and nobody can tell."""
    target = check_disk(tmp_path, [PartitionRecipe(content=bytes(1 << 20), type_code=0x87)])
    assert verdicts(target) == [(Status.UNDETERMINED, "")]
    assert target.scan_status is ScanStatus.PARTIAL


def test_compressed_files_are_read_like_others(tmp_path: Path) -> None:
    """A volume on which everything is compressed holds the same files."""
    files = machine_files(STOCK_SP6A, Storage.COMPRESSED)
    recipe = NTFSRecipe(cluster=4096)
    target = check_disk(tmp_path, [ntfs_partition(files, recipe=recipe, is_active=True)])
    assert [status for status, _ in verdicts(target)] == [Status.AFFECTED]


def test_a_damaged_driver_decides_nothing(tmp_path: Path) -> None:
    """One changed byte inside the driver of a fixed system leaves it undetermined."""
    driver = next(file.content for file in FIXED if file.path == DRIVER)
    data = bytearray(ntfs_disk(WITH_THE_FIX))
    data[data.index(driver) + len(driver) // 2] ^= 0xFF
    (tmp_path / "disk").write_bytes(data)
    target = check(tmp_path / "disk")
    assert [status for status, _ in verdicts(target)] == [Status.UNDETERMINED]
    assert Anomaly.CHECKSUM_MISMATCH in target.findings[0].anomalies


def test_an_image_that_ends_inside_a_volume_is_scanned_in_part(tmp_path: Path) -> None:
    """What was copied is read, and the scan is partial, never complete."""
    data = ntfs_disk(WITH_THE_FIX)
    (tmp_path / "disk").write_bytes(data[: len(data) // 4 * 3])
    target = check(tmp_path / "disk")
    assert target.scan_status is ScanStatus.PARTIAL
    assert any("ends before the volume does" in error.message for error in target.errors)


def _copied(files: Sequence[DiskFile]) -> list[DiskFile]:
    driver = next(file for file in files if file.path == DRIVER)
    return [*files, replace(driver, path="WINNT/$NtUninstallQ242896$/sfmsrv.sys")]


@pytest.mark.parametrize(("thorough", "copies"), [(False, 0), (True, 1)])
def test_copies_elsewhere_are_looked_for_when_asked(
    thorough: bool, copies: int, tmp_path: Path
) -> None:
    """Only a thorough scan walks the volumes; a copy decides nothing either way."""
    disk = build_disk([ntfs_partition(_copied(FIXED), is_active=True)])
    (tmp_path / "disk").write_bytes(disk.data)
    target = check(tmp_path / "disk", thorough=thorough)
    assert [status for status, _ in verdicts(target)] == [Status.FIXED]
    roles = [file.role for finding in target.findings for file in finding.files]
    assert roles.count(FileRole.BACKUP) == copies


@pytest.fixture
def fat_volume() -> Callable[[Sequence[DiskFile]], bytes]:
    """Build a FAT16 volume, or skip where nothing can."""
    if missing_tool() is not None:
        pytest.skip(f"lacks {missing_tool()} (packages mtools, dosfstools)")
    return lambda files: build_fat_volume(files, FATRecipe())


def test_a_driver_is_found_by_its_short_name(
    fat_volume: Callable[[Sequence[DiskFile]], bytes], tmp_path: Path
) -> None:
    """NT opens a file by its 8.3 name as well, whatever long name stands beside it."""
    named = [
        replace(file, path=file.path.replace("sfmsrv.sys", "sfmsrv by Apple.sys"))
        for file in AFFECTED
    ]
    data = bytearray(fat_volume(named))
    at = data.index(b"SFMSRV~1SYS")
    data[at : at + 11] = b"SFMSRV  SYS"
    checksum = 0
    for byte in data[at : at + 11]:  # "ChkSum" of the FAT Overview
        checksum = ((checksum & 1) << 7) + (checksum >> 1) + byte & 0xFF
    for part in (at - 32, at - 64):
        data[part + 13] = checksum
    target = check_disk(tmp_path, [PartitionRecipe(content=bytes(data), type_code=0x06)])
    path = r"C:\WINNT\system32\drivers\sfmsrv by Apple.sys"
    assert verdicts(target) == [(Status.AFFECTED, path)]


def test_a_fat_volumes_wall_clock_is_brought_to_utc_by_the_hives_bias(
    fat_volume: Callable[[Sequence[DiskFile]], bytes], tmp_path: Path
) -> None:
    """The hive says 480 minutes; without hives the wall clock stays one, and says so."""
    for files, kind in (
        (AFFECTED, ModificationTimeKind.UTC),
        ([file for file in AFFECTED if file.path == DRIVER], ModificationTimeKind.WALL_CLOCK),
    ):
        partition = PartitionRecipe(content=fat_volume(files), type_code=0x06, is_active=True)
        (finding,) = check_disk(tmp_path, [partition]).findings
        (file,) = finding.files
        wall_clock = next(file.modified for file in files if file.path == DRIVER)
        assert file.mtime_kind is kind
        assert file.mtime is not None
        hours = (file.mtime.replace(tzinfo=None) - wall_clock.replace(tzinfo=None)).seconds / 3600
        assert hours == (8 if kind is ModificationTimeKind.UTC else 0)
        assert (file.mtime.tzinfo is None) is (kind is ModificationTimeKind.WALL_CLOCK)
