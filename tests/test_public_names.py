"""The Python interface, as whoever imports ntscan meets it."""

import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

import ntscan
from fixtures.disk.nt_disk import STOCK_SP6A, ntfs_disk

UNFIXED = Path(__file__).parent / "machinecode/images/article-i386-O2.sys"


@pytest.mark.parametrize("name", ntscan.__all__)
def test_a_public_name_is_there(name: str) -> None:
    """Each name that the package promises can be had; all but the version say what they are."""
    value = getattr(ntscan, name)
    assert name == "__version__" or value.__doc__


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    """As of any module, and by the name that was asked for."""
    with pytest.raises(AttributeError, match="has no attribute 'no_such_name'"):
        _ = ntscan.no_such_name  # type: ignore[attr-defined]  # what a misspelling gets


def test_importing_the_package_imports_nothing_that_a_user_has_not_asked_for() -> None:
    """The readers, the model and the interpreters come with the names that need them."""
    script = "import sys, ntscan; print(*(m for m in sys.modules if m.startswith('ntscan')))"
    printed = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert set(printed.split()) == {"ntscan", "ntscan.version"}


def test_a_disk_image_is_scanned_from_python(tmp_path: Path) -> None:
    """``scan`` takes an image as it takes a folder, and options by ``replace``."""
    image = tmp_path / "plant07.dd"
    image.write_bytes(ntfs_disk(STOCK_SP6A))
    options = replace(ntscan.EVERYTHING, hash_images=True)
    (target,) = ntscan.scan(str(image), options=options).targets
    assert target.findings[0].status == "affected"
    assert target.image is not None
    assert target.image.hashes


def test_machine_code_is_traced_from_python() -> None:
    """``trace`` takes the bytes of a driver; what is no image is an ``NtscanError``."""
    assert ntscan.trace(UNFIXED.read_bytes()).grade == "observed"
    with pytest.raises(ntscan.NtscanError):
        ntscan.trace(b"MZ")
