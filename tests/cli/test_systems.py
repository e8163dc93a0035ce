"""Little NT 4.0 systems from the command line: product, service pack, keys, file and services.

Each row is a machine as a person would describe it, and what ntscan must say of it. The traps are
those of the articles named in the rule.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fixtures.nt_machine import NTMachine, write_machine
from fixtures.nt_system_hives import SFM, NTControlSet, NTService, NTSystem, nt_system
from fixtures.pe_image import ALPHA, I386, ChecksumKind, PERecipe, VersionResource
from fixtures.sfmsrv import published_build
from ntscan.cli import app
from ntscan.rulebook.load import rule_text
from ntscan.vocabulary import ServicePack


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A machine in few words, and what must be said of it.

    ``says`` is status, build and exposure; ``look_at`` are the anomalies; ``exit`` the exit code.
    """

    name: str
    build: str | None = "SP6a"
    machine: int = I386
    level: str = "SP6a"
    product: tuple[str, ...] = ("ServerNT",)
    keys: tuple[str, ...] = ()
    services: Mapping[str, NTService] = field(default_factory=lambda: SFM)
    renames: tuple[tuple[str, str], ...] = ()
    words: tuple[str, ...] = ()
    says: str
    look_at: str = ""
    exit: int


AFFECTED = "affected older starts_with_system"
FIXED = "fixed the_fix starts_with_system"
OPEN = "undetermined neighbour starts_with_system"
DRIVER = SFM["MacSrv"]
FILE_SERVER = SFM["MacFile"]


def sfm(driver_start: int, server_start: int) -> dict[str, NTService]:
    """The services of SFM with other starts of the driver and of the file server."""
    return {
        "MacSrv": replace(DRIVER, start=driver_start),
        "MacFile": replace(FILE_SERVER, start=server_start),
    }


WAITING = ((r"C:\TEMP\EXT1.tmp", r"C:\WINNT\system32\drivers\sfmsrv.sys"),)
OTHERS_WAIT = ((r"C:\TEMP\EXT2.tmp", r"C:\WINNT\system32\drivers\tcpip.sys"),)

ROWS = [
    # The stock drivers at every level: the file decides, and its date, after the fix, does not.
    Row(name="stock SP6a", says=AFFECTED, exit=1),
    Row(name="stock SP6a file at SP6", level="SP6", says=AFFECTED, exit=1),
    Row(name="stock SP6a for Alpha", machine=ALPHA, says=AFFECTED, exit=1),
    Row(name="stock SP5", build="SP5", level="SP5", says=AFFECTED, exit=1),
    Row(name="SP5 file at SP4", build="SP5", level="SP4", says=AFFECTED, exit=1),
    Row(name="stock SP3, not listed", build="SP3", level="SP3", says=AFFECTED, exit=1),
    Row(name="stock RTM", build="RTM", level="RTM", says=AFFECTED, exit=1),
    Row(
        name="RTM file at SP1: SFM added from the CD",
        build="RTM", level="SP1", says=AFFECTED, look_at="service_pack_not_reapplied", exit=1,
    ),
    Row(
        name="RTM file at SP5 (Q247224)",
        build="RTM", level="SP5", says=AFFECTED, look_at="service_pack_not_reapplied", exit=1,
    ),
    Row(
        name="SP3 file at SP6a",
        build="SP3", says=AFFECTED, look_at="service_pack_not_reapplied", exit=1,
    ),
    Row(name="earlier hotfix Q240864", build="Q240864", level="SP5", says=AFFECTED, exit=1),
    Row(
        name="earlier hotfix with its key",
        build="Q240864", level="SP5", keys=("Q240864",), says=AFFECTED, exit=1,
    ),
    # The fix, by hotfix and by hand.
    Row(name="the fix at SP5", build="Q242896", level="SP5", keys=("Q242896",), says=FIXED, exit=0),
    Row(name="the fix at SP6a", build="Q242896", keys=("Q242896",), says=FIXED, exit=0),
    Row(
        name="the fix for Alpha",
        build="Q242896", machine=ALPHA, level="SP5", keys=("Q242896",), says=FIXED, exit=0,
    ),
    Row(
        name="the fix at SP2, not listed",
        build="Q242896", level="SP2", keys=("Q242896",), says=FIXED, exit=0,
    ),
    Row(
        name="the fix copied by hand",
        build="Q242896", level="SP5", says=FIXED, look_at="file_without_hotfix_key", exit=0,
    ),
    Row(
        name="the fix, only another hotfix's key",
        build="Q242896", level="SP5", keys=("Q241024",),
        says=FIXED, look_at="file_without_hotfix_key", exit=0,
    ),
    # The key says installed, the file is older.
    Row(
        name="SP6a installed over the fix",
        keys=("Q242896",), says=AFFECTED, look_at="hotfix_key_without_file", exit=1,
    ),
    Row(
        name="SFM added again from the CD over the fix",
        build="RTM", level="SP5", keys=("Q242896",), says=AFFECTED,
        look_at="hotfix_key_without_file service_pack_not_reapplied", exit=1,
    ),
    Row(
        name="the same on an Enterprise server",
        build="RTM", level="SP5", keys=("Q242896",), product=("ServerNT", "Enterprise"),
        says=AFFECTED, look_at="hotfix_key_without_file service_pack_not_reapplied", exit=1,
    ),
    # The neighbour of equal size.
    Row(name="neighbour, no key", build="Q241024", level="SP5", says=OPEN, exit=3),
    Row(
        name="neighbour for Alpha",
        build="Q241024", machine=ALPHA, level="SP5", says=OPEN, exit=3,
    ),
    Row(
        name="neighbour with its own key",
        build="Q241024", level="SP5", keys=("Q241024",), says=OPEN, exit=3,
    ),
    Row(
        name="neighbour with both keys",
        build="Q241024", level="SP5", keys=("Q241024", "Q242896"), says=OPEN, exit=3,
    ),
    Row(
        name="neighbour with only the fix's key",
        build="Q241024", level="SP5", keys=("Q242896",),
        says="fixed neighbour starts_with_system", exit=0,
    ),
    # Products.
    Row(name="domain controller", product=("LanmanNT",), says=AFFECTED, exit=1),
    Row(name="Enterprise", product=("ServerNT", "Enterprise"), says=AFFECTED, exit=1),
    Row(
        name="Enterprise domain controller with the fix",
        build="Q242896", product=("LanmanNT", "Enterprise"), keys=("Q242896",), says=FIXED, exit=0,
    ),
    Row(
        name="Workstation with a driver",
        product=("WinNT",), says="not_affected older starts_with_system product_not_listed", exit=0,
    ),
    Row(
        name="Terminal Server",
        product=("ServerNT", "Terminal Server"), says="undetermined older starts_with_system",
        exit=3,
    ),
    Row(
        name="Terminal Server with the fix",
        build="Q242896", product=("ServerNT", "Terminal Server"), keys=("Q242896",),
        says="undetermined the_fix starts_with_system", exit=3,
    ),
    Row(name="a product nobody sold", product=("HomeNT",),
        says="undetermined older starts_with_system", exit=3),
    # No driver.
    Row(
        name="no SFM at all", build=None, services={},
        says="not_affected not_installed component_not_present", exit=0,
    ),
    Row(
        name="no SFM on Workstation", build=None, services={}, product=("WinNT",),
        says="not_affected not_installed component_not_present", exit=0,
    ),
    Row(
        name="a service without its driver", build=None,
        says="not_affected starts_with_system component_not_present",
        look_at="image_path_missing", exit=0,
    ),
    Row(
        name="a file left behind without its service", services={},
        says="affected older not_installed", exit=1,
    ),
    # Exposure.
    Row(name="disabled driver", services=sfm(4, 2), says="affected older disabled", exit=1),
    Row(name="manual throughout", services=sfm(3, 3), says="affected older manual", exit=1),
    Row(name="file server disabled", services=sfm(3, 4), says="affected older manual", exit=1),
    Row(name="boot start", services=sfm(0, 4), says=AFFECTED, exit=1),
    Row(name="system start", services=sfm(1, 3), says=AFFECTED, exit=1),
    Row(
        name="another service needs the driver",
        services={**sfm(3, 3), "Gateway": NTService(start=2, depends_on=("MACSRV",))},
        says=AFFECTED, exit=1,
    ),
    Row(
        name="another needs it through the file server",
        services={**sfm(3, 3), "Gateway": NTService(start=2, depends_on=("Spooler", "MacFile"))},
        says=AFFECTED, exit=1,
    ),
    Row(
        name="the fix, disabled", build="Q242896", keys=("Q242896",), services=sfm(4, 4),
        says="fixed the_fix disabled", exit=0,
    ),
    # Installed, not restarted.
    Row(
        name="a replacement waits", renames=WAITING,
        says=AFFECTED, look_at="pending_rename", exit=1,
    ),
    Row(
        name="a replacement of the fix waits", build="Q242896", keys=("Q242896",), renames=WAITING,
        says=FIXED, look_at="pending_rename", exit=0,
    ),
    Row(name="another file's replacement waits", renames=OTHERS_WAIT, says=AFFECTED, exit=1),
    # What the user states wins.
    Row(
        name="stated Workstation", words=("--product", "workstation"),
        says="not_affected older starts_with_system product_not_listed", exit=0,
    ),
    Row(
        name="stated server on a registry of Workstation", product=("WinNT",),
        words=("--product", "server"), says=AFFECTED, exit=1,
    ),
    Row(
        name="stated Terminal Server", build="Q242896", keys=("Q242896",),
        words=("--product", "terminal-server"), says="undetermined the_fix starts_with_system",
        exit=3,
    ),
    Row(
        name="stated SP6a over SP4", build="SP5", level="SP4", words=("--service-pack", "SP6a"),
        says=AFFECTED, look_at="service_pack_not_reapplied", exit=1,
    ),
    Row(
        name="undetermined counted as a failure", build="Q241024", level="SP5",
        words=("--fail-on", "undetermined"), says=OPEN, exit=1,
    ),
    Row(name="nothing counted as a failure", words=("--fail-on", "never"), says=AFFECTED, exit=0),
]  # fmt: skip


def nt(row: Row) -> NTMachine:
    """Make the machine of a row."""
    control_set = NTControlSet(
        product_type=row.product[0],
        product_suites=row.product[1:],
        services=row.services,
        pending_renames=row.renames,
    )
    installed = published_build(row.build, row.machine) if row.build is not None else None
    keys = dict.fromkeys(row.keys, 1)
    system = nt_system(ServicePack(row.level), control_set, keys)
    return NTMachine(installed=installed, system=system)


def check(*words: str) -> tuple[Any, int]:
    """Run a check; return its one target and the exit code."""
    result = CliRunner().invoke(app, ["check", *words, "--format", "json", "--no-model"])
    return json.loads(result.stdout)["targets"][0], result.exit_code


def summary(finding: Any) -> str:  # noqa: ANN401  JSON is whatever the report says
    """Write a finding as a row does."""
    words = (finding[name] for name in ("status", "build", "exposure", "justification"))
    return " ".join(word for word in words if word is not None)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_machine_is_judged_as_an_engineer_would(row: Row, tmp_path: Path) -> None:
    """Status, build, exposure, anomalies and exit code of a machine with its registry."""
    write_machine(tmp_path, nt(row))
    target, exit_code = check(str(tmp_path), *row.words)
    (finding,) = target["findings"]
    assert summary(finding) == row.says, finding["reason"]
    assert finding["anomalies"] == row.look_at.split()
    assert exit_code == row.exit
    assert target["scan_status"] == "complete"


@pytest.mark.parametrize("given", [".", "WINNT", "WINNT/system32", "WINNT/system32/drivers"])
def test_the_registry_is_found_from_wherever_a_system_is_given(given: str, tmp_path: Path) -> None:
    """The volume, the system root, system32 and the drivers folder give the same finding."""
    machine = nt(Row(name="", build="RTM", level="SP5", keys=("Q242896",), says="", exit=1))
    write_machine(tmp_path, machine)
    target, _ = check(str(tmp_path / given))
    (finding,) = target["findings"]
    assert summary(finding) == AFFECTED
    assert finding["anomalies"] == ["hotfix_key_without_file", "service_pack_not_reapplied"]
    (system,) = target["systems"]
    assert (system["computer_name"], system["service_pack"]) == ("PLANT7", "SP5")


@pytest.mark.parametrize(
    ("csd_version", "csd_number", "keys", "service_pack"),
    [
        ("Service Pack 6", 0x600, {}, "SP6"),
        ("Service Pack 6", 0x600, {"Q246009": 1}, "SP6a"),
        ("Service Pack 6", 0x600, {"Q246009": 0}, "SP6"),
        ("Service Pack 4 RC 1.2", 0x400, {}, "SP4"),
        ("service pack 5", 0x500, {}, "SP5"),
        (None, 0, {}, "RTM"),
        ("Service Pack 7", 0x700, {}, None),
    ],
)
def test_the_service_pack_is_told_by_the_registry(
    csd_version: str | None,
    csd_number: int,
    keys: dict[str, int | None],
    service_pack: str | None,
    tmp_path: Path,
) -> None:
    """SP6a is told from SP6, a release candidate is its service pack, and SP7 is none."""
    system = NTSystem(
        control_sets={1: NTControlSet(csd_number=csd_number)},
        csd_version=csd_version,
        hotfixes=keys,
    )
    write_machine(tmp_path, NTMachine(installed=published_build("SP6a"), system=system))
    target, exit_code = check(str(tmp_path))
    assert target["systems"][0]["service_pack"] == service_pack
    expected = ("affected", 1) if service_pack is not None else ("undetermined", 3)
    assert (target["findings"][0]["status"], exit_code) == expected


@pytest.mark.parametrize(("version", "name"), [("5.0", "Windows 2000"), ("3.51", "NT 3.51")])
def test_another_version_of_windows_is_not_affected(
    version: str, name: str, tmp_path: Path
) -> None:
    """Whatever file it has, a system whose registry names another version is another system."""
    system = replace(nt_system(ServicePack.RTM), version=version)
    write_machine(tmp_path, NTMachine(installed=published_build("RTM"), system=system))
    target, exit_code = check(str(tmp_path))
    (finding,) = target["findings"]
    assert (finding["justification"], exit_code) == ("other_operating_system", 0)
    assert name in finding["reason"]


@pytest.mark.parametrize("root", ["WINNT", "winnt", "WinNT.4", "NT"])
def test_a_system_is_found_whatever_it_is_called(root: str, tmp_path: Path) -> None:
    """The system root's name does not matter, nor does the case of its letters."""
    write_machine(tmp_path, NTMachine(installed=published_build("RTM"), root=root))
    target, _ = check(str(tmp_path))
    assert [system["root"] for system in target["systems"]] == [str(tmp_path / root)]


def test_boot_ini_names_a_system_that_nothing_else_shows(tmp_path: Path) -> None:
    """A folder that boot.ini names is an NT system; without its system32, nothing is claimed."""
    root = write_machine(tmp_path, NTMachine(installed=None))
    (root / "system32").rename(tmp_path / "elsewhere")
    target, exit_code = check(str(tmp_path))
    assert [system["root"] for system in target["systems"]] == [str(root)]
    assert [summary(finding) for finding in target["findings"]] == ["undetermined"]
    assert exit_code == 3


def test_several_systems_in_one_tree_are_judged_each_by_itself(tmp_path: Path) -> None:
    """Two roots on one volume are two systems, each with its own finding."""
    fixed = NTMachine(installed=published_build("Q242896"), system=nt_system(ServicePack.SP5))
    stock = NTMachine(installed=published_build("SP6a"), root="WINNT2")
    write_machine(tmp_path, fixed)
    write_machine(tmp_path, stock)
    target, exit_code = check(str(tmp_path))
    roots = [Path(target["systems"][f["system"]]["root"]).name for f in target["findings"]]
    assert list(zip(roots, [f["status"] for f in target["findings"]], strict=True)) == [
        ("WINNT", "fixed"),
        ("WINNT2", "affected"),
    ]
    assert exit_code == 1


def test_copies_are_shown_and_decide_nothing(tmp_path: Path) -> None:
    """Backups and sources of a fixed system are findings, and the exit code is 0."""
    older = published_build("RTM")
    places = ("WINNT/$NtUninstallQ242896$", "WINNT/$NtServicePackUninstall$", "i386", "SP5/alpha")
    machine = NTMachine(
        installed=published_build("Q242896"),
        system=nt_system(ServicePack.SP5, hotfixes={"Q242896": 1}),
        copies=(*((f"{place}/sfmsrv.sys", older) for place in places), ("old/sfmsrv.sys", older)),
    )
    write_machine(tmp_path, machine)
    result = CliRunner().invoke(app, ["check", str(tmp_path), "--format", "json"])
    report = json.loads(result.stdout)
    findings = report["targets"][0]["findings"]
    roles = sorted((f["files"][0]["role"], f["status"], f["decides"]) for f in findings)
    assert roles == [
        ("backup", "affected", False),
        ("backup", "affected", False),
        ("installed", "fixed", True),
        ("other", "affected", False),
        ("source", "affected", False),
        ("source", "affected", False),
    ]
    assert (result.exit_code, report["summary"]["affected"]) == (0, 0)


def moved(image_path: str) -> NTMachine:
    """A machine whose registry names another place of the driver, where the fix lies."""
    services = {**SFM, "MacSrv": replace(DRIVER, image_path=image_path)}
    return NTMachine(
        installed=published_build("RTM"),
        system=nt_system(ServicePack.SP5, NTControlSet(services=services), {"Q242896": 1}),
        copies=(("SFM/sfmsrv.sys", published_build("Q242896")),),
    )


def test_the_registry_says_where_the_driver_is(tmp_path: Path) -> None:
    """ImagePath leads to the installed file; the one in the usual place decides nothing."""
    write_machine(tmp_path, moved(r"\??\C:\SFM\sfmsrv.sys"))
    target, exit_code = check(str(tmp_path))
    said = {Path(f["files"][0]["path"]).parent.name: f for f in target["findings"]}
    assert (said["SFM"]["status"], said["SFM"]["files"][0]["role"]) == ("fixed", "installed")
    assert (said["drivers"]["decides"], exit_code) == (False, 0)


@pytest.mark.parametrize(
    ("image_path", "given", "message"),
    [
        (r"D:\SFM\sfmsrv.sys", ".", "is on another volume"),
        (r"\SystemRoot\system32\drivers\sfmsrv2.sys", ".", "bears another name than sfmsrv.sys"),
        (r"C:\SFM\sfmsrv.sys", "WINNT/system32/drivers", "lies outside what was scanned"),
    ],
)
def test_a_driver_out_of_sight_leaves_the_system_undetermined(
    image_path: str, given: str, message: str, tmp_path: Path
) -> None:
    """Where the scan cannot look at the driver that the registry names, nothing is claimed."""
    write_machine(tmp_path, moved(image_path))
    target, exit_code = check(str(tmp_path / given))
    deciding = [finding for finding in target["findings"] if finding["decides"]]
    assert [finding["status"] for finding in deciding] == ["undetermined"]
    assert message in target["errors"][0]["message"]
    assert (target["scan_status"], exit_code) == ("partial", 3)


def test_a_dirty_hive_is_used_and_said(tmp_path: Path) -> None:
    """A hive whose last write was cut off is read, with an anomaly on the system."""
    root = write_machine(tmp_path, nt(ROWS[0]))
    hive = root / "system32" / "config" / "system"
    content = bytearray(hive.read_bytes())
    content[4] ^= 1
    content[508] ^= 1
    hive.write_bytes(content)
    target, exit_code = check(str(tmp_path))
    (system,) = target["systems"]
    assert (system["product"], system["anomalies"]) == ("server", ["dirty_hive"])
    assert (target["scan_status"], exit_code) == ("complete", 1)


@pytest.mark.parametrize("name", ["system", "software"])
@pytest.mark.parametrize("damage", ["empty", "half", "text", "header"])
@pytest.mark.parametrize(("build", "code"), [("SP6a", 1), ("Q242896", 3)])
def test_a_damaged_hive_is_said_and_the_file_still_judged(
    name: str, damage: str, build: str, code: int, tmp_path: Path
) -> None:
    """A hive that cannot be read makes the scan partial; the file decides the finding."""
    root = write_machine(tmp_path, NTMachine(installed=published_build(build)))
    hive = root / "system32" / "config" / name
    content = hive.read_bytes()
    damaged = {
        "empty": b"",
        "half": content[: len(content) // 2],
        "text": b"not a hive" * 1000,
        "header": content[:100] + bytes([content[100] ^ 1]) + content[101:],
    }
    hive.write_bytes(damaged[damage])
    target, exit_code = check(str(tmp_path))
    (finding,) = target["findings"]
    assert finding["status"] == ("affected" if build == "SP6a" else "fixed")
    assert f"the hive {name.upper()}" in target["errors"][0]["message"]
    assert target["errors"][0]["stage"] == "registry"
    assert (target["scan_status"], exit_code) == ("partial", code)


def test_an_unreadable_system_hive_hides_a_missing_driver(tmp_path: Path) -> None:
    """The SYSTEM hive names the driver's place: without it, a missing file means nothing."""
    root = write_machine(tmp_path, NTMachine(installed=None))
    (root / "system32" / "config" / "system").write_bytes(b"")
    target, exit_code = check(str(tmp_path))
    assert [finding["status"] for finding in target["findings"]] == ["undetermined"]
    assert exit_code == 3


def test_an_unreadable_software_hive_hides_no_driver(tmp_path: Path) -> None:
    """The SOFTWARE hive names no driver: the missing file is missing, the scan partial."""
    root = write_machine(tmp_path, NTMachine(installed=None))
    (root / "system32" / "config" / "software").write_bytes(b"")
    target, exit_code = check(str(tmp_path))
    assert [finding["justification"] for finding in target["findings"]] == ["component_not_present"]
    assert (target["scan_status"], exit_code) == ("partial", 3)


def test_a_system_without_hives_is_judged_by_its_file(tmp_path: Path) -> None:
    """A hive that does not exist is no error: the criteria say that nothing was collected."""
    write_machine(tmp_path, NTMachine(installed=published_build("Q242896"), system=None))
    target, exit_code = check(str(tmp_path))
    (finding,) = target["findings"]
    results = {criterion["name"]: criterion["result"] for criterion in finding["criteria"]}
    assert results["service_pack"] == results["hotfix_key"] == "not_evaluated"
    assert (finding["status"], finding["exposure"], target["errors"]) == ("fixed", None, [])
    assert exit_code == 0


@pytest.mark.parametrize("link", ["drivers", "config"])
@pytest.mark.parametrize("inside", [True, False])
def test_a_link_on_the_way_to_a_driver_leaves_the_system_undetermined(
    link: str, inside: bool, tmp_path: Path
) -> None:
    """What lies behind a link is not seen, wherever it leads: that is said, nothing claimed."""
    root = write_machine(tmp_path / "c", NTMachine(installed=None))
    folder = root / "system32" / link
    elsewhere = (tmp_path / "c" if inside else tmp_path) / "store"
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)
    target, exit_code = check(str(tmp_path / "c"))
    assert any("is a symbolic link" in error["message"] for error in target["errors"])
    assert (target["scan_status"], exit_code) == ("partial", 3)


@pytest.mark.parametrize("given", ["WINNT/system32/config", "."])
def test_a_partial_copy_proves_no_absence(given: str, tmp_path: Path) -> None:
    """Without the drivers folder nobody can say that the driver is not there."""
    root = write_machine(tmp_path, NTMachine(installed=None))
    shutil.rmtree(root / "system32" / "drivers")
    target, exit_code = check(str(tmp_path / given))
    assert [finding["status"] for finding in target["findings"]] == ["undetermined"]
    assert (target["scan_status"], exit_code) == ("partial", 3)


def test_a_registry_without_a_current_control_set_makes_the_scan_partial(tmp_path: Path) -> None:
    """Select names a control set that is not there: the driver's place is unknown, and said."""
    write_machine(tmp_path, NTMachine(installed=None, system=NTSystem(current=5)))
    target, exit_code = check(str(tmp_path))
    assert [finding["status"] for finding in target["findings"]] == ["undetermined"]
    assert "no control set that is current" in target["errors"][0]["message"]
    assert exit_code == 3


def test_a_system_hive_that_is_a_link_hides_a_missing_driver(tmp_path: Path) -> None:
    """A SYSTEM hive that is not followed names no place: nothing is claimed."""
    root = write_machine(tmp_path, NTMachine(installed=None))
    hive = root / "system32" / "config" / "system"
    hive.rename(tmp_path / "hive")
    hive.symlink_to(tmp_path / "hive")
    target, exit_code = check(str(tmp_path))
    assert [finding["status"] for finding in target["findings"]] == ["undetermined"]
    assert exit_code == 3


def test_another_rule_for_the_file_changes_no_verdict(tmp_path: Path) -> None:
    """A rule that knows no services leaves the driver where another rule's service has it."""
    write_machine(tmp_path / "c", moved(r"\??\C:\SFM\sfmsrv.sys"))
    text = rule_text("Q242896").replace('id = "Q242896"', 'id = "Q999999"', 1)
    start, end = text.index("[services]"), text.index("[[products_without")
    (tmp_path / "Q999999.toml").write_text(text[:start] + text[end:], "utf-8")
    target, exit_code = check(str(tmp_path / "c"), "--rules", str(tmp_path))
    deciding = {f["rule_id"]: f["status"] for f in target["findings"] if f["decides"]}
    assert (deciding, exit_code) == ({"Q242896": "fixed", "Q999999": "fixed"}, 0)


FIX = published_build("Q242896").recipe
LATE = datetime(2000, 3, 1, tzinfo=UTC)
OTHER_NAME = VersionResource(strings=(("OriginalFilename", "OTHER.SYS"),))


@pytest.mark.parametrize(
    ("recipe", "says", "look_at", "code"),
    [
        (replace(FIX, checksum=ChecksumKind.WRONG), "undetermined unknown", "checksum_mismatch", 3),
        (replace(FIX, time_date_stamp=0), "undetermined unknown", "timestamp_implausible", 3),
        (
            replace(FIX, time_date_stamp=LATE, size=134_384),
            "undetermined unknown",
            "size_contradicts_link_time",
            3,
        ),
        (replace(FIX, version=OTHER_NAME), "fixed the_fix", "original_filename_differs", 0),
    ],
)
def test_what_is_odd_about_the_file_is_named(
    recipe: PERecipe, says: str, look_at: str, code: int, tmp_path: Path
) -> None:
    """A damaged or impossible file decides nothing on any machine; a renamed one is said."""
    build = replace(published_build("Q242896"), recipe=recipe)
    system = nt_system(ServicePack.SP5, hotfixes={"Q242896": 1})
    write_machine(tmp_path, NTMachine(installed=build, system=system))
    target, exit_code = check(str(tmp_path))
    (finding,) = target["findings"]
    assert summary(finding) == f"{says} starts_with_system"
    assert (finding["anomalies"], exit_code) == ([look_at], code)


def test_images_in_a_folder_are_said_to_be_passed_over(tmp_path: Path) -> None:
    """They are errors that decide nothing: what was scanned was scanned whole."""
    write_machine(tmp_path, NTMachine(installed=published_build("Q242896"), system=None))
    for name in ("plant08.VMDK", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    result = CliRunner().invoke(app, ["check", str(tmp_path), "--format", "json"])
    (target,) = json.loads(result.stdout)["targets"]
    assert (target["scan_status"], result.exit_code) == ("complete", 0)
    (error,) = target["errors"]
    assert error["path"].endswith("plant08.VMDK")
    assert "ntscan audit" in error["message"]
