r"""A hive that Windows itself wrote is read as hivex reads it.

It is the SYSTEM hive of a Windows 10 (regf 1.5) from the tests of dissect.regf, whose licence is
the GNU AGPL: it is read from the source package that ``make test`` downloads, and never kept here.
No package was found that ships a hive of Windows NT 4.0. What is expected was read with hivexget
(hivex 1.3.23).
"""

import gzip
import io
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Final

import pytest

from ntscan.evidence.reading import NOT_COLLECTED, DoesNotExist, Exists
from ntscan.evidence.registry.hive import RegistryHive
from ntscan.evidence.registry.system import collect_system
from ntscan.evidence.system_evidence import Service
from ntscan.vocabulary import Product, ServicePack, ServiceStart

_NAME: Final = "dissect_regf-3.14"
_PACKAGE: Final = Path(__file__).parents[3] / "build" / "downloads" / f"{_NAME}.tar.gz"
_HIVEXREGEDIT: Final = shutil.which("hivexregedit")
_SERVICES: Final = r"ControlSet001\Services"
_START: Final = re.compile(r'^"Start"=dword:([0-9a-f]{8})$', re.MULTILINE)
_IMAGE_PATH: Final = re.compile(r'^"ImagePath"=hex\([12]\):([0-9a-f,]*)$', re.MULTILINE)

pytestmark = pytest.mark.skipif(
    not _PACKAGE.exists(),
    reason=f"lacks {_PACKAGE.name} in build/downloads; make test downloads it",
)


@pytest.fixture(scope="module")
def hive() -> bytes:
    """Return the hive's bytes."""
    with tarfile.open(_PACKAGE) as package:
        member = package.extractfile(f"{_NAME}/tests/_data/SYSTEM.gz")
        assert member is not None
        return gzip.decompress(member.read())


def test_system_evidence_of_a_real_hive(hive: bytes) -> None:
    """Product, time zone, name and services come out; what it does not hold does not exist."""
    evidence = collect_system(
        system=Exists(value=io.BytesIO(hive)),
        software=NOT_COLLECTED,
        service_names=("LanmanServer", "MacSrv"),
    )

    assert evidence.product == Exists(value=Product.WORKSTATION)
    assert evidence.service_pack == Exists(value=ServicePack.RTM)
    assert evidence.computer_name == Exists(value="DESKTOP-M3OSHQU")
    assert evidence.active_time_bias == Exists(value=-120)
    assert evidence.pending_renames == DoesNotExist()
    assert evidence.services == Exists(
        value=(
            Service(
                name="LanmanServer",
                start=Exists(value=ServiceStart.AUTOMATIC),
                image_path=Exists(value=r"%SystemRoot%\system32\svchost.exe -k netsvcs -p"),
                depends_on=Exists(value=("SamSS", "Srv2")),
            ),
        )
    )
    assert evidence.failures == ()
    assert evidence.dirty_hives == ()


@pytest.mark.skipif(
    _HIVEXREGEDIT is None, reason="lacks hivexregedit (Debian package libwin-hivex-perl)"
)
def test_every_service_of_a_real_hive_is_read_as_hivex_reads_it(
    hive: bytes, tmp_path: Path
) -> None:
    """Each key below Services has the name, start and image path that hivexregedit writes."""
    with RegistryHive(io.BytesIO(hive), "SYSTEM") as opened:
        services = opened.root.subkey(_SERVICES)
        assert services is not None
        read = {
            key.name: (key.value("Start"), key.value("ImagePath")) for key in services.subkeys()
        }

    file = tmp_path / "SYSTEM"
    file.write_bytes(hive)
    assert len(read) == 701
    assert read == _as_exported(file)


def _as_exported(file: Path) -> dict[str, tuple[int | None, str | None]]:
    r"""Let hivex write every key below Services as text, ``[\PATH]`` and its values below it."""
    assert _HIVEXREGEDIT is not None
    text = subprocess.run(
        [_HIVEXREGEDIT, "--export", str(file), _SERVICES], capture_output=True, check=True
    ).stdout.decode("latin-1")
    sections = (section.partition("]\n") for section in text.split(f"\n[\\{_SERVICES}\\")[1:])
    return {
        name: (_start(values), _image_path(values))
        for name, _, values in sections
        if "\\" not in name
    }


def _start(values: str) -> int | None:
    found = _START.search(values)
    return int(found[1], 16) if found else None


def _image_path(values: str) -> str | None:
    found = _IMAGE_PATH.search(values)
    if found is None:
        return None
    return bytes.fromhex(found[1].replace(",", "")).decode("utf-16-le").removesuffix("\0")
