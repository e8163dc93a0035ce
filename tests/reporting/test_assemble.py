"""What a report says of a target in which nothing was found."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from fixtures.disk.disk_file import DiskFile
from fixtures.disk.nt_disk import ntfs_partition
from fixtures.disk.partitions import build_disk
from fixtures.pe_image import PERecipe, build_pe_image
from ntscan.asking import EVERYTHING
from ntscan.auditing.run import audit
from ntscan.composer import scan
from ntscan.vocabulary import ScanStatus

_NOTHING = "no Windows NT system and no file that a rule names"
_GIVE = (
    rf"{_NOTHING}; give the system root, its system32\drivers folder, the driver itself or a disk "
    "image"
)


def messages(target: Path, *, thorough: bool = False) -> list[str]:
    """The errors of a target that failed, in their order."""
    (entry,) = scan(str(target), options=replace(EVERYTHING, thorough=thorough)).targets
    assert entry.scan_status is ScanStatus.FAILED
    return [error.message for error in entry.errors]


def a_driver_of_no_rule(path: Path) -> None:
    """A whole PE image by a name that no rule has."""
    path.write_bytes(build_pe_image(PERecipe(time_date_stamp=0)))


def an_empty_file(path: Path) -> None:
    """A file of no bytes."""
    path.write_bytes(b"")


def a_text(path: Path) -> None:
    """A file that is no program."""
    path.write_bytes(b"text")


def a_pipe(path: Path) -> None:
    """A named pipe, which nobody writes to."""
    os.mkfifo(path)


def a_link_to_nowhere(path: Path) -> None:
    """A symbolic link whose target is not there."""
    path.symlink_to("nowhere")


def a_link_to_itself(path: Path) -> None:
    """A symbolic link that leads in a circle."""
    path.symlink_to(path.name)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (a_driver_of_no_rule, _GIVE),
        (an_empty_file, "is empty (0 bytes)"),
        (a_text, "is no "),
        (a_pipe, "is no regular file"),
        (a_link_to_nowhere, "is a link that leads nowhere; give the file itself"),
        (a_link_to_itself, "is a link that leads nowhere; give the file itself"),
    ],
)
def test_a_file_is_refused_in_one_sentence(
    make: Callable[[Path], None], said: str, tmp_path: Path
) -> None:
    """Advice about folders follows no error of the file itself."""
    make(tmp_path / "unusual.sys")
    (message,) = messages(tmp_path / "unusual.sys")
    assert message.startswith(said)
    assert (_NOTHING in message) is (said == _GIVE)


@pytest.mark.parametrize("thorough", [False, True])
@pytest.mark.parametrize("has_volume", [False, True])
def test_an_image_is_advised_what_can_help(
    thorough: bool, has_volume: bool, tmp_path: Path
) -> None:
    """A thorough scan helps where there is a volume that was not walked yet."""
    image = tmp_path / "disk.dd"
    volume = ntfs_partition([DiskFile(path="file", content=b"text")])
    image.write_bytes(build_disk([volume] if has_volume else []).data)
    advice = {
        (False, False): "; no volume was found; give a whole disk or a volume",
        (True, False): "; no volume was found; give a whole disk or a volume",
        (False, True): "; --thorough walks the whole image",
        (True, True): "",
    }
    assert messages(image, thorough=thorough) == [_NOTHING + advice[thorough, has_volume]]


def test_a_folder_is_advised_the_same_by_check_and_audit(tmp_path: Path) -> None:
    """Nobody who audits is told to audit."""
    folder = tmp_path / "empty"
    folder.mkdir()
    (line,) = audit(str(folder), jobs=1)
    assert [error.message for error in line.errors] == messages(folder) == [_GIVE]
