"""Which files of a folder are disk images, or parts of one."""

from pathlib import Path

import pytest

from ntscan.errors import SourceError
from ntscan.sources.image_files import SMALLEST_DISK, image_of

SIGNATURE = b"\x55\xaa"
TABLE_AT = 446
ENOUGH = bytes(SMALLEST_DISK - 512)


def mbr(*entries: bytes) -> bytes:
    """Return a master boot record with these partition entries."""
    return bytes(TABLE_AT) + b"".join(entries).ljust(64, b"\0") + SIGNATURE


def boot_sector(start: bytes, sector_size: int) -> bytes:
    """Return a boot sector whose boot code looks like no partition table."""
    head = start + b"MSDOS5.0" + sector_size.to_bytes(2, "little")
    return head.ljust(510, b"\xf4") + SIGNATURE


PARTITION = b"\x80\x01\x01\x00\x07\xfe\xff\xff\x3f\x00\x00\x00\x00\x10\x00\x00"
UNKNOWN_TYPE = b"\x00\x01\x01\x00\xe9\xfe\xff\xff\x3f\x00\x00\x00\x00\x10\x00\x00"


@pytest.mark.parametrize(
    ("name", "content", "is_image"),
    [
        ("disk", mbr(PARTITION) + ENOUGH, True),
        ("disk", mbr(bytes(16), UNKNOWN_TYPE) + ENOUGH, True),
        ("disk", boot_sector(b"\xeb\x3c\x90", 512) + ENOUGH, True),
        ("disk", boot_sector(b"\xe9\x00\x00", 4096) + ENOUGH, True),
        ("disk", boot_sector(b"MZ\x90", 512) + ENOUGH, False),
        ("disk", mbr() + ENOUGH, False),
        ("disk", bytes(512) + ENOUGH, True),
        ("disk", bytes(512), False),
        ("disk", mbr(b"\x01" + PARTITION[1:]) + ENOUGH, False),
        ("disk", mbr(PARTITION)[:-2] + b"\0\0" + ENOUGH, False),
        ("bootsect.dos", mbr(PARTITION), False),
        ("disk", mbr(PARTITION) + ENOUGH[:-1], False),
        ("disk", b"QFI\xfb", True),
        ("disk", bytes(100) + b"conectix" + bytes(504), True),
        ("disk", bytes(64) + b"\x7f\x10\xda\xbe", True),
        ("disk", b"", False),
        ("zeroed.img", bytes(1024), True),
        ("TORN.VMDK", b"", True),
        ("notes.txt", b"text", False),
    ],
)
def test_an_image_is_known_by_content_or_by_a_name_that_only_images_have(
    tmp_path: Path, name: str, content: bytes, is_image: bool
) -> None:
    """A disk that lost its first sector is still one; a boot sector alone is none."""
    file = tmp_path / name
    file.write_bytes(content)
    assert image_of(str(file)) == (str(file) if is_image else None)


def test_a_part_leads_to_the_first(tmp_path: Path) -> None:
    """Later parts have no signature of their own, and belong to the image all the same."""
    for number in (1, 2, 3):
        (tmp_path / f"disk.00{number}").write_bytes(mbr(PARTITION) if number == 1 else b"data")
    assert image_of(str(tmp_path / "disk.003")) == str(tmp_path / "disk.001")


def test_a_path_stays_as_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report names what the user named."""
    (tmp_path / "a.img").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    assert image_of("./a.img") == "./a.img"


@pytest.mark.parametrize("path", ["missing", "", "a\0b", "."])
def test_what_is_no_file_is_no_image(path: str) -> None:
    """A path at which no file is has no image either."""
    assert image_of(path) is None


def test_a_file_that_cannot_be_read_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It could be an image, so that somebody must look."""
    (tmp_path / "a.bin").write_bytes(b"")

    def refuse(*_: object, **__: object) -> None:
        raise SourceError("cannot be opened: Permission denied")

    monkeypatch.setattr("ntscan.sources.image_files.open_host_file", refuse)
    with pytest.raises(SourceError, match="Permission denied"):
        image_of(str(tmp_path / "a.bin"))
