"""Two drivers that nobody here wrote read as other tools read them.

They are WinDivert's, from the PyPI package pydivert 2.1.0. What is expected was read from them
with GNU objdump -x and strings -el (binutils 2.40).
"""

from datetime import UTC, datetime
from importlib.metadata import files
from pathlib import Path
from typing import Final

import pytest

from ntscan.evidence.characteristics import PEMetadata, VersionResource
from ntscan.evidence.image.pe_image import is_native_image, read_pe_image

_VERSION: Final = VersionResource(
    file_version="1.0.0.0",
    product_version="1.0.0.0",
    file_version_string="1.3 built by: WinDDK",
    product_version_string="1.3",
    original_filename="WinDivert.sys",
    languages=(0x0409,),
)


def _driver(name: str) -> bytes:
    """Find a file of the package without importing it, which fails outside Windows."""
    (path,) = (file.locate() for file in files("pydivert") or () if file.name == name)
    return Path(str(path)).read_bytes()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "WinDivert32.sys",
            PEMetadata(
                machine="i386",
                time_date_stamp=datetime(2017, 9, 27, 15, 6, 6, tzinfo=UTC),
                stored_checksum=0x185C6,
                computed_checksum=0x185C6,
                subsystem="native",
                size_of_image=0xA000,
                version=_VERSION,
                kernel_imports=(),
                debug_file_name=r"c:\windivert1.3\divert-master\install\WDDK\i386\WinDivert32.pdb",
            ),
        ),
        (
            "WinDivert64.sys",
            PEMetadata(
                machine="amd64",
                time_date_stamp=datetime(2017, 9, 27, 15, 5, 58, tzinfo=UTC),
                stored_checksum=0x135E0,
                computed_checksum=0x135E0,
                subsystem="native",
                size_of_image=0xE000,
                version=_VERSION,
                kernel_imports=(),
                debug_file_name=r"c:\windivert1.3\divert-master\install\WDDK\amd64\WinDivert64.pdb",
            ),
        ),
    ],
)
def test_windivert_reads_as_other_tools_read_it(name: str, expected: PEMetadata) -> None:
    """Every field of a PE32 and of a PE32+ driver of another hand is what objdump says."""
    data = _driver(name)

    assert read_pe_image(data) == expected
    assert is_native_image(data[:4096])


@pytest.mark.parametrize("name", ["WinDivert32.sys", "WinDivert64.sys"])
def test_imports_of_both_layouts_are_read_by_name(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both drivers import IoAllocateMdl and IoFreeMdl, and neither IofCompleteRequest."""
    asked = ("IoAllocateMdl", "IoFreeMdl", "IofCompleteRequest")
    monkeypatch.setattr("ntscan.evidence.image.import_table.IMPORTS_THAT_MATTER", asked)

    assert read_pe_image(_driver(name)).kernel_imports == ("IoAllocateMdl", "IoFreeMdl")
