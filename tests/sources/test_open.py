r"""A path as a person writes it, on Windows or for it, leads to what lies there."""

import os
import sys
from pathlib import Path
from typing import Final

import pytest

from ntscan.errors import UsageError
from ntscan.sources.open import open_source
from ntscan.sources.source import Entry
from ntscan.vocabulary import TargetKind

_ELSEWHERE: Final = pytest.mark.skipif(
    sys.platform == "win32", reason="on Windows itself, backslashes and letter case need no help"
)


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copied system, with the working directory above it."""
    drivers = tmp_path / "WINNT" / "System32" / "drivers"
    drivers.mkdir(parents=True)
    (drivers / "SFMSRV.SYS").write_bytes(b"MZ")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _places(target: str) -> list[tuple[str, ...]]:
    return [entry.place for entry in open_source(target).walk() if isinstance(entry, Entry)]


@pytest.mark.parametrize(
    ("target", "kind", "path"),
    [
        ("WINNT", TargetKind.DIRECTORY, "WINNT"),
        ("WINNT/", TargetKind.DIRECTORY, "WINNT"),
        ("WINNT/System32/drivers/SFMSRV.SYS", TargetKind.FILE, "WINNT/System32/drivers/SFMSRV.SYS"),
        (".", TargetKind.DIRECTORY, "."),
    ],
)
def test_a_path_names_a_file_or_a_folder(
    disk: Path, target: str, kind: TargetKind, path: str
) -> None:
    """A path that is there is what it is; its parts are compared from the top, in lower case."""
    source = open_source(target)
    first = next(iter(source.walk()))

    assert (source.target, source.kind) == (target, kind)
    assert Path(first.path) == Path(path)
    assert first.place == tuple(part.lower() for part in (disk / path).parts)


@_ELSEWHERE
@pytest.mark.parametrize(
    ("target", "found"),
    [
        (r"WINNT\System32\drivers", "WINNT/System32/drivers"),
        (r"winnt\SYSTEM32\Drivers", "WINNT/System32/drivers"),
        ("winnt\\system32\\drivers\\", "WINNT/System32/drivers"),
        (r"winnt\system32/DRIVERS\sfmsrv.sys", "WINNT/System32/drivers/SFMSRV.SYS"),
        (r".\winnt\system32\..\System32", "WINNT/System32/../System32"),
    ],
)
@pytest.mark.usefixtures("disk")
def test_a_windows_path_is_followed_elsewhere(target: str, found: str) -> None:
    """Backslashes separate and letter case does not count where no file has the literal name."""
    source = open_source(target)

    assert next(iter(source.walk())).path == found
    assert source.target == target


@_ELSEWHERE
def test_an_absolute_windows_path_begins_at_the_root(disk: Path) -> None:
    """A path that begins with a backslash begins at the top of this machine's tree."""
    target = str(disk / "winnt").replace("/", "\\")

    assert next(iter(open_source(target).walk())).path == str(disk / "WINNT")


@_ELSEWHERE
def test_a_literal_name_wins(disk: Path) -> None:
    """A file whose name holds a backslash is that file."""
    (disk / r"winnt\system32").write_bytes(b"")

    assert open_source(r"winnt\system32").kind is TargetKind.FILE


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("", "an empty path names nothing"),
        ("nowhere", "nowhere: no such file or folder"),
        ("winnt/nowhere", "no such file or folder"),
        ("WINNT\0", "no such file or folder"),
        ("x" * 5000, "no such file or folder"),
        pytest.param(r"winnt\nowhere", "no such file or folder", marks=_ELSEWHERE),
        pytest.param(r"winnt\system32\drivers\sfmsrv.sys\x", "no such file", marks=_ELSEWHERE),
        pytest.param(
            r"C:\WINNT\system32", "there is no drive C: on this machine", marks=_ELSEWHERE
        ),
        pytest.param("c:\\", "there is no drive c: on this machine", marks=_ELSEWHERE),
        pytest.param(r"\\server\share", "no such file or folder", marks=_ELSEWHERE),
    ],
)
@pytest.mark.usefixtures("disk")
def test_a_path_that_names_nothing_is_wrong_usage(target: str, message: str) -> None:
    """Where nothing is, a sentence says what was not found and what to look at."""
    with pytest.raises(UsageError) as raised:
        open_source(target)

    assert message in str(raised.value)


@_ELSEWHERE
def test_names_that_differ_by_case_alone_are_asked_back(disk: Path) -> None:
    """A Windows path that two folders match is not guessed; both spellings are named."""
    (disk / "winnt").mkdir()

    with pytest.raises(UsageError, match="Winnt could be WINNT or winnt"):
        open_source(r"Winnt\system32")
    assert open_source(r"WINNT\system32").kind is TargetKind.DIRECTORY


@_ELSEWHERE
def test_a_link_that_the_user_names_is_followed(disk: Path) -> None:
    """A link to a file or folder is what it leads to, when it is the path that was given."""
    (disk / "file").symlink_to(disk / "WINNT" / "System32" / "drivers" / "SFMSRV.SYS")
    (disk / "folder").symlink_to(disk / "WINNT")
    source = open_source("file")
    (entry,) = source.walk()

    assert isinstance(entry, Entry)
    assert source.read(entry, 16).data == source.read_head(entry, 16) == b"MZ"
    assert len(_places("folder")) == 4


@_ELSEWHERE
def test_a_link_to_itself_is_a_file_that_cannot_be_read(
    tmp_path: Path,
) -> None:
    """A link that leads nowhere is opened as a file, and reading it says why it cannot be."""
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    source = open_source(str(loop))
    (entry,) = source.walk()

    assert source.kind is TargetKind.FILE
    assert isinstance(entry, Entry)
    assert entry.path == os.fspath(loop)
