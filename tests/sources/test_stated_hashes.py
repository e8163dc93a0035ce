"""The digests of images that the user states."""

from pathlib import Path

import pytest

from ntscan.errors import UsageError
from ntscan.sources.stated_hashes import read_stated_hashes

MD5, SHA1, SHA256 = "a" * 32, "B" * 40, "c" * 64


@pytest.mark.parametrize("digest", [MD5, SHA1, SHA256])
def test_one_digest_is_that_of_the_one_target(digest: str) -> None:
    """A digest of 32, 40 or 64 digits is taken for the only target, in lower case."""
    assert read_stated_hashes(digest, 1).of(Path("plant07.vmdk")) == digest.lower()


@pytest.mark.parametrize("targets", [0, 2, 10_000])
def test_one_digest_for_many_targets_is_refused(targets: int) -> None:
    """Nobody can tell which of several targets a single digest is of."""
    with pytest.raises(UsageError, match="one digest"):
        read_stated_hashes(SHA256, targets)


def test_nothing_stated_is_nothing_known() -> None:
    """Without the option no image has a stated digest."""
    assert read_stated_hashes(None, 3).of(Path("plant07.vmdk")) is None


LINES = [
    pytest.param(f"{SHA256}  plant07.vmdk\n", id="text mode"),
    pytest.param(f"{SHA256} *plant07.vmdk\n", id="binary mode"),
    pytest.param(f"# taken in May\n\n{SHA256}  ./plant07.vmdk\n", id="comment and empty line"),
    pytest.param(f"{MD5}  other.dd\r\n{SHA256}  plant07.vmdk\r\n", id="line ends of Windows"),
    pytest.param(f"{SHA256}  {{folder}}/plant07.vmdk", id="absolute path, no line end"),
    pytest.param(f"{SHA256}  .\\plant07.vmdk\r\n", id="separators of Windows"),
    pytest.param(f"\ufeff{SHA256}  plant07.vmdk\r\n", id="byte order mark"),
    pytest.param(f"{SHA256}  plant07.vmdk\n{MD5}  plant07.vmdk\n", id="the longest of several"),
    pytest.param(f"{SHA256}  plant07.vmdk\n{SHA256}  plant07.vmdk\n", id="twice the same"),
]


@pytest.mark.parametrize("text", LINES)
def test_a_list_names_images_from_its_own_folder(tmp_path: Path, text: str) -> None:
    """A line of sha256sum is understood, its path taken from the folder of the list."""
    digests = tmp_path / "SHA256SUMS"
    digests.write_text(text.replace("{folder}", str(tmp_path)), "utf-8", newline="")
    stated = read_stated_hashes(str(digests), 5)
    assert stated.of(tmp_path / "plant07.vmdk") == SHA256
    assert stated.of(tmp_path / "plant08.vmdk") is None


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"{SHA256}", 1),
        (f"{SHA256[:-1]}  plant07.vmdk", 1),
        (f"{SHA256}  a\nSHA256 (b) = {SHA256}\n", 2),
        ("\0\xff", 1),
        (f"{SHA256}  a\n{'d' * 64}  ./a\n", 2),
    ],
)
def test_a_line_that_is_none_of_sha256sum_is_refused(tmp_path: Path, text: str, line: int) -> None:
    """A list that is not understood whole is refused with the number of the line."""
    digests = tmp_path / "list"
    digests.write_text(text, "latin-1")
    with pytest.raises(UsageError, match=rf"list:{line}: "):
        read_stated_hashes(str(digests), 5)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "nowhere",
            "is neither a digest nor a file; give a digest of 32, 40 or 64 hexadecimal digits",
        ),
        ("nul\0", "is neither a digest nor a file"),
        ("link", "is a link that leads nowhere; give the file itself"),
        ("folder", "is a folder where a file should be"),
    ],
)
def test_what_is_no_list_is_refused_with_one_remedy(
    name: str, message: str, tmp_path: Path
) -> None:
    """A text that is neither digest nor file says what either should be; a file, what it is."""
    (tmp_path / "link").symlink_to("missing")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError) as raised:
        read_stated_hashes(str(tmp_path / name), 1)
    said = str(raised.value).removeprefix(f"{tmp_path / name}: ")
    assert said.startswith(message)
    assert said.count(";") <= 1
