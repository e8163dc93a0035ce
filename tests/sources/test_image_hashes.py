"""The digests of a disk: stored, stated and computed, and what is said where they differ."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
from msgspec.structs import replace

from fixtures.containers import vdi_image
from fixtures.disk.nt_disk import STOCK_SP6A, ntfs_disk
from fixtures.pe_image import build_pe_image
from fixtures.sfmsrv import published_build
from ntscan.asking import EVERYTHING
from ntscan.auditing.run import audit
from ntscan.composer import scan
from ntscan.errors import UsageError
from ntscan.reporting.report import ImageEntry, TargetEntry
from ntscan.vocabulary import HashOrigin, HashScope, ScanStatus

DISK: Final = ntfs_disk(STOCK_SP6A)
ALGORITHMS: Final = ("md5", "sha1", "sha256")


def digests(data: bytes) -> Mapping[str, str]:
    """The digests of bytes, by their algorithms."""
    return {name: hashlib.new(name, data).hexdigest() for name in ALGORITHMS}


def check(image: Path, *, stated: str | None = None, compute: bool = False) -> TargetEntry:
    """What a scan reports of an image."""
    options = replace(EVERYTHING, model=False, image_hash=stated, hash_images=compute)
    return scan(str(image), options=options).targets[0]


def described(target: TargetEntry) -> ImageEntry:
    """The image of a target that was opened."""
    assert target.image is not None
    return target.image


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A raw image."""
    (tmp_path / "plant07.dd").write_bytes(DISK)
    return tmp_path / "plant07.dd"


def test_nothing_is_hashed_that_nobody_asked_for(raw: Path) -> None:
    """A raw image stores no digest, and to compute one reads all of it."""
    assert described(check(raw)).hashes == ()


def test_the_digests_are_those_of_the_disk(tmp_path: Path) -> None:
    """Whatever container holds it."""
    (tmp_path / "plant07.vdi").write_bytes(vdi_image(DISK))
    hashes = described(check(tmp_path / "plant07.vdi", compute=True)).hashes
    assert {one.algorithm: one.digest for one in hashes} == digests(DISK)
    assert {(one.origin, one.covers) for one in hashes} == {(HashOrigin.COMPUTED, HashScope.DISK)}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("scope", HashScope)
def test_a_stated_digest_is_told_to_be_of_the_disk_or_the_file(
    scope: HashScope, algorithm: str, tmp_path: Path
) -> None:
    """Acquisition tools state that of the disk, sha256sum that of the file."""
    container = vdi_image(DISK)
    (tmp_path / "plant07.vdi").write_bytes(container)
    stated = digests(DISK if scope is HashScope.DISK else container)[algorithm]
    for compute, covers in ((False, None), (True, scope)):
        target = check(tmp_path / "plant07.vdi", stated=stated, compute=compute)
        first = described(target).hashes[0]
        assert (first.digest, first.origin, first.covers) == (stated, HashOrigin.STATED, covers)


@pytest.mark.parametrize("digits", [32, 40, 64])
def test_an_image_with_another_digest_than_stated_is_refused(digits: int, raw: Path) -> None:
    """It is not the image that was taken, so that nothing is concluded from it."""
    target = check(raw, stated="0" * digits, compute=True)
    assert target.scan_status is ScanStatus.FAILED
    assert "not the image that was taken" in target.errors[0].message


@pytest.mark.parametrize("text", ["", f"{'0' * 64}  other.dd\n"])
def test_a_list_without_the_image_is_said(text: str, raw: Path) -> None:
    """Nobody believes that a digest was looked at where none was."""
    (raw.parent / "SHA256SUMS").write_text(text)
    image = described(check(raw, stated=str(raw.parent / "SHA256SUMS"), compute=True))
    assert image.note == "the list of digests that was given names none of this image"


@pytest.mark.parametrize("name", ["sfmsrv.sys", "drivers"])
def test_a_digest_of_what_is_no_image_is_refused(name: str, tmp_path: Path) -> None:
    """It would be said of nothing; an audit goes on to its other targets."""
    (tmp_path / "drivers").mkdir()
    (tmp_path / "sfmsrv.sys").write_bytes(build_pe_image(published_build("SP6a").recipe))
    said = "is no disk image, so no digest can be stated of it"
    with pytest.raises(UsageError, match=said):
        check(tmp_path / name, stated="0" * 32)
    options = replace(EVERYTHING, image_hash="0" * 32)
    (line,) = audit(str(tmp_path / name), options=options, jobs=1)
    assert line.scan_status is ScanStatus.FAILED
    assert said in line.errors[0].message


def test_an_image_that_cannot_be_read_is_not_called_another_thing(tmp_path: Path) -> None:
    """A digest was stated of it, and the error is that of reading it."""
    (tmp_path / "plant07.dd").symlink_to("nowhere")
    target = check(tmp_path / "plant07.dd", stated="0" * 32)
    assert target.errors[0].message.startswith("is a link that leads nowhere")
