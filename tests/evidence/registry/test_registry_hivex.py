"""Hives that hivex wrote are read: a maker of hives that shares nothing with ntscan."""

import io
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from fixtures.nt_system_hives import SFM
from fixtures.registry_data import reg_multi_sz
from fixtures.registry_hive import build_hive
from ntscan.evidence.reading import Exists
from ntscan.evidence.registry.hive import RegistryHive
from ntscan.evidence.registry.system import collect_system
from ntscan.evidence.system_evidence import PendingRename, SystemEvidence
from ntscan.vocabulary import Product, ServicePack, ServiceStart

_HIVEXREGEDIT: Final = shutil.which("hivexregedit")
_HIVEXSH: Final = shutil.which("hivexsh")

_RENAMES: Final = reg_multi_sz([r"\??\C:\TEMP\new.sys", r"!\??\C:\WINNT\old.sys"]).data.hex(",")

_SYSTEM: Final = rf"""
[\Select]
"Current"=dword:00000002

[\ControlSet002]

[\ControlSet002\Control]

[\ControlSet002\Control\ComputerName]

[\ControlSet002\Control\ComputerName\ComputerName]
"ComputerName"="WARD3"

[\ControlSet002\Control\ProductOptions]
"ProductType"="LanmanNT"
"ProductSuite"=hex(7):{reg_multi_sz(["Small Business", "Enterprise"]).data.hex(",")}

[\ControlSet002\Control\Session Manager]
"PendingFileRenameOperations"=hex(7):{_RENAMES}

[\ControlSet002\Control\TimeZoneInformation]
"ActiveTimeBias"=dword:ffffffc4

[\ControlSet002\Control\Windows]
"CSDVersion"=dword:00000600

[\ControlSet002\Services]

[\ControlSet002\Services\MacFile]
"Start"=dword:00000002
"DependOnService"=hex(7):{reg_multi_sz(["MacSrv"]).data.hex(",")}

[\ControlSet002\Services\MacSrv]
"ImagePath"=str(2):"System32\\drivers\\sfmsrv.sys"
"Start"=dword:00000003
"""

_SOFTWARE: Final = r"""
[\Microsoft]

[\Microsoft\Windows NT]

[\Microsoft\Windows NT\CurrentVersion]
"CSDVersion"="Service Pack 6"
"CurrentBuildNumber"="1381"
"CurrentVersion"="4.0"
"SystemRoot"="D:\\WINNT"

[\Microsoft\Windows NT\CurrentVersion\Hotfix]

[\Microsoft\Windows NT\CurrentVersion\Hotfix\Q242896]
"Installed"=dword:00000001

[\Microsoft\Windows NT\CurrentVersion\Hotfix\Q246009]
"Installed"=dword:00000001
"""


def _hive(path: Path, entries: str) -> io.BytesIO:
    """Let hivex write entries into an empty hive, which is all that comes from the builder."""
    path.write_bytes(build_hive({}))
    subprocess.run(
        [str(_HIVEXREGEDIT), "--merge", path],
        input=f"Windows Registry Editor Version 5.00\n{entries}".encode(),
        check=True,
    )
    return io.BytesIO(path.read_bytes())


@pytest.mark.skipif(
    _HIVEXREGEDIT is None, reason="lacks hivexregedit (Debian package libwin-hivex-perl)"
)
def test_system_in_hives_of_hivex_is_read(tmp_path: Path) -> None:
    """Every piece of evidence comes out of hives that hivexregedit filled."""
    evidence = collect_system(
        service_names=SFM,
        system=Exists(value=_hive(tmp_path / "system", _SYSTEM)),
        software=Exists(value=_hive(tmp_path / "software", _SOFTWARE)),
    )

    assert _values(evidence) == {
        "version": "4.0",
        "build": 1381,
        "product": Product.ENTERPRISE,
        "service_pack": ServicePack.SP6A,
        "hotfix_keys": ("Q242896", "Q246009"),
        "dependents": (),
        "pending_renames": (
            PendingRename(source=r"C:\TEMP\new.sys", destination=r"C:\WINNT\old.sys"),
        ),
        "computer_name": "WARD3",
        "active_time_bias": -60,
        "system_root": r"D:\WINNT",
    }
    assert isinstance(evidence.services, Exists)
    driver, file_server = evidence.services.value
    assert driver.name == "MacSrv"
    assert driver.start == Exists(value=ServiceStart.MANUAL)
    assert driver.image_path == Exists(value=r"System32\drivers\sfmsrv.sys")
    assert file_server.depends_on == Exists(value=("MacSrv",))
    assert evidence.failures == ()


@pytest.mark.skipif(_HIVEXSH is None, reason="lacks hivexsh (Debian package libhivex-bin)")
def test_key_made_with_hivexsh_is_found(tmp_path: Path) -> None:
    """Two hundred keys, one after the other from a shell, are all found again."""
    path = tmp_path / "hive"
    path.write_bytes(build_hive({}))
    names = [f"Service {number}" for number in range(200)]
    script = "".join(
        f"cd \\\nadd {name}\ncd {name}\nsetval 1\nStart\ndword:{at}\n"
        for at, name in enumerate(names)
    )
    subprocess.run([str(_HIVEXSH), "-w", path], input=f"{script}commit\n".encode(), check=True)

    with RegistryHive(io.BytesIO(path.read_bytes()), "SYSTEM") as hive:
        keys = {key.name: key.value("start") for key in hive.root.subkeys()}
    assert keys == {name: at for at, name in enumerate(names)}


def _values(evidence: SystemEvidence) -> dict[str, object]:
    readings = {
        name: getattr(evidence, name)
        for name in SystemEvidence.__struct_fields__
        if name not in {"services", "dirty_hives"}
    }
    return {name: getattr(reading, "value", reading) for name, reading in readings.items()}
