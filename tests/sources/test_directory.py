"""A folder is walked whole, in order, and never left; what cannot be read is said."""

import os
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from ntscan.errors import SourceError
from ntscan.sources.directory import DirectorySource
from ntscan.sources.source import Blocked, Entry
from ntscan.vocabulary import ModificationTimeKind

_LIMIT: Final = 16 * 1024 * 1024
_UNIX: Final = pytest.mark.skipif(
    sys.platform == "win32", reason="FIFOs, sockets, and links without privileges are of Unix"
)


def _walk(folder: Path) -> dict[str, Entry | Blocked]:
    """Return what a walk yields, by its path below the folder, in the walk's order."""
    source = DirectorySource(folder, str(folder))
    return {os.path.relpath(found.path, folder): found for found in source.walk()}


def _read(folder: Path, name: str, limit: int = _LIMIT) -> bytes:
    """Read one file of the folder, as the walk found it."""
    found = _walk(folder)[name]
    assert isinstance(found, Entry)
    return DirectorySource(folder, "").read(found, limit).data


@pytest.fixture
def private() -> Iterator[Path]:
    """A folder in which this process has no special rights, even where root runs the tests."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        root = sys.platform != "win32" and os.geteuid() == 0
        if root:
            os.chown(folder, 65534, 65534)
            os.seteuid(65534)
        try:
            yield folder
        finally:
            if root:
                os.seteuid(0)


def test_a_folder_comes_first_then_its_files_by_name_then_the_folders_below(
    tmp_path: Path,
) -> None:
    """Two walks yield the same; names are compared in lower case, and shown as written."""
    for name in ("b/z.sys", "b/A.sys", "a/m.sys", "z.sys", "C.sys"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    found = _walk(tmp_path)

    assert [name.replace(os.sep, "/") for name in found] == [
        ".",
        "C.sys",
        "z.sys",
        "a",
        "a/m.sys",
        "b",
        "b/A.sys",
        "b/z.sys",
    ]
    assert found[os.path.join("b", "A.sys")].place[-2:] == ("b", "a.sys")  # noqa: PTH118
    assert list(_walk(tmp_path)) == list(found)


def test_a_file_is_read_whole_with_its_time_in_utc(tmp_path: Path) -> None:
    """The bytes, and the modification time as UTC to the second; the head is a part of them."""
    file = tmp_path / "sfmsrv.sys"
    file.write_bytes(b"MZ and more")
    os.utime(file, ns=(0, 938_659_270_999_999_999))
    source = DirectorySource(tmp_path, "")
    entry = _walk(tmp_path)["sfmsrv.sys"]
    assert isinstance(entry, Entry)
    content = source.read(entry, 11)

    assert content.data == b"MZ and more"
    assert content.modified == datetime(1999, 9, 30, 2, 41, 10, tzinfo=UTC)
    assert content.modified_kind is ModificationTimeKind.UTC
    assert source.read_head(entry, 2) == b"MZ"
    assert source.read_head(entry, 4096) == b"MZ and more"


def test_a_file_over_the_limit_is_refused_unread(tmp_path: Path) -> None:
    """A byte more than the limit is too much; so are 4 GB, which are not read to find out."""
    (tmp_path / "a.sys").write_bytes(b"1234")
    with (tmp_path / "sparse.sys").open("wb") as sparse:
        sparse.truncate(4 * 1024**3)

    assert _read(tmp_path, "a.sys", 4) == b"1234"
    with pytest.raises(SourceError, match="holds 4 bytes or more, and at most 3 are read"):
        _read(tmp_path, "a.sys", 3)
    with pytest.raises(SourceError, match="holds 4,294,967,296 bytes"):
        _read(tmp_path, "sparse.sys")


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="no /proc on this machine")
def test_a_file_that_understates_its_size_is_read_to_its_end_or_refused() -> None:
    """A file of /proc says that it is empty; it is read whole, and no further than the limit."""
    source = DirectorySource(Path("/proc/self"), "")
    entry = Entry(path="/proc/self/maps", place=("maps",), is_folder=False)

    assert b"[stack]" in source.read(entry, _LIMIT).data
    with pytest.raises(SourceError, match="holds 101 bytes or more"):
        source.read(entry, 100)


@_UNIX
def test_what_is_no_regular_file_is_not_opened(tmp_path: Path) -> None:
    """A FIFO does not block, a socket and a device are not touched; each says what it is."""
    os.mkfifo(tmp_path / "fifo.sys")
    (tmp_path / "folder.sys").mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket.sys"))
        for name in ("fifo.sys", "socket.sys"):
            with pytest.raises(SourceError, match="is no regular file"):
                _read(tmp_path, name)
    source = DirectorySource(tmp_path, "")
    for path, message in ((Path("/dev/zero"), "no regular file"), (tmp_path, "is a folder")):
        entry = Entry(path=str(path), place=path.parts, is_folder=False)
        with pytest.raises(SourceError, match=message):
            source.read(entry, _LIMIT)
        with pytest.raises(SourceError, match=message):
            source.read_head(entry, 16)


@_UNIX
def test_what_may_not_be_read_is_said(private: Path) -> None:
    """A folder that may not be listed is blocked and leads on; a file's own error tells why."""
    (private / "closed").mkdir()
    (private / "closed").chmod(0)
    (private / "closed.sys").write_bytes(b"MZ")
    (private / "closed.sys").chmod(0)
    (private / "unnamed").mkdir()
    (private / "unnamed" / "a.sys").write_bytes(b"MZ")
    (private / "unnamed").chmod(0o400)  # It may be listed, but nothing in it may be reached.
    source = DirectorySource(private, "")
    found = list(source.walk())
    blocked = [entry for entry in found if isinstance(entry, Blocked)]

    assert [(Path(entry.path).name, entry.leads_on) for entry in blocked] == [("closed", True)]
    assert "cannot be listed: Permission denied" in blocked[0].message
    for entry in found:
        if isinstance(entry, Entry) and entry.path.endswith(".sys"):
            with pytest.raises(SourceError, match="cannot be opened: Permission denied"):
                source.read(entry, _LIMIT)
    for name in ("closed", "unnamed"):
        (private / name).chmod(0o700)


@_UNIX
@pytest.mark.parametrize(
    ("target", "leads_on"),
    [
        ("outside", True),
        ("outside/file", False),
        ("tree", False),
        ("tree/inside", False),
        ("tree/link", False),
        ("nowhere", False),
        ("tree-beside", True),
    ],
)
def test_a_link_is_named_and_never_followed(tmp_path: Path, target: str, leads_on: bool) -> None:
    """A link that leaves the tree for a folder could hide files; one that stays in it does not."""
    for folder in ("outside", "tree/inside", "tree-beside"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "outside" / "file").write_bytes(b"")
    (tmp_path / "tree" / "link").symlink_to(tmp_path / target)
    found = _walk(tmp_path / "tree")

    link = found["link"]
    assert isinstance(link, Blocked)
    assert link.leads_on is leads_on
    assert "links are not followed" in link.message
    assert sorted(found) == [".", "inside", "link"]


@_UNIX
def test_a_link_beyond_what_may_be_read_is_said(private: Path) -> None:
    """Where nobody can tell what a link leads to, it counts as one that hides files."""
    (private / "tree").mkdir()
    (private / "closed").mkdir()
    (private / "tree" / "link").symlink_to(private / "closed" / "drivers")
    (private / "closed").chmod(0)
    link = _walk(private / "tree")["link"]
    (private / "closed").chmod(0o700)

    assert isinstance(link, Blocked)
    assert link.leads_on


@_UNIX
def test_a_link_that_replaces_a_file_after_the_walk_is_not_followed(tmp_path: Path) -> None:
    """What was a file when the tree was walked is read only while it still is one."""
    (tmp_path / "secret").write_bytes(b"outside")
    (tmp_path / "tree").mkdir()
    file = tmp_path / "tree" / "sfmsrv.sys"
    file.write_bytes(b"MZ")
    source = DirectorySource(tmp_path / "tree", "")
    *_, entry = source.walk()
    assert isinstance(entry, Entry)
    file.unlink()
    file.symlink_to(tmp_path / "secret")

    with pytest.raises(SourceError, match="is a symbolic link"):
        source.read(entry, _LIMIT)
    file.unlink()
    with pytest.raises(SourceError, match="cannot be opened: No such file"):
        source.read(entry, _LIMIT)


@_UNIX
@pytest.mark.parametrize(
    "name",
    [
        b"new\nline.sys",
        b"\x1b[2J\x1b]0;title\x07.sys",
        "gnp.\N{RIGHT-TO-LEFT OVERRIDE}sys".encode(),
        b"\xff\xfe invalid \x80.sys",
        b"[bold]oops[.sys",
        b" .sys",
        b"C:\\WINNT\\sfmsrv.sys",
        b"n" * 251 + b".sys",
    ],
)
def test_any_name_is_walked_and_read(tmp_path: Path, name: bytes) -> None:
    """A name is bytes on Unix; whatever they are, the file is found under them and read."""
    path = os.path.join(os.fsencode(tmp_path), name)  # noqa: PTH118  Path takes no bytes
    with open(path, "wb") as file:  # noqa: PTH123  as above
        file.write(b"MZ")
    *_, entry = DirectorySource(tmp_path, "").walk()

    assert os.fsencode(entry.path) == path
    assert _read(tmp_path, os.fsdecode(name)) == b"MZ"


@_UNIX
def test_two_names_that_differ_by_case_are_two_files(tmp_path: Path) -> None:
    """Unix knows them apart, so both are read; they stand at one place of NT."""
    (tmp_path / "sfmsrv.sys").write_bytes(b"1")
    (tmp_path / "SFMSRV.SYS").write_bytes(b"22")
    found = _walk(tmp_path)

    assert found["sfmsrv.sys"].place == found["SFMSRV.SYS"].place
    assert (_read(tmp_path, "sfmsrv.sys"), _read(tmp_path, "SFMSRV.SYS")) == (b"1", b"22")


@pytest.fixture
def nested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, int], Path]]:
    """Make folders one in the other with a driver at the bottom, and take them away again."""
    made: list[tuple[str, int]] = []

    def make(name: str, levels: int) -> Path:
        made.append((name, levels))
        for _ in range(levels):
            Path(name).mkdir()
            os.chdir(name)
        Path("bottom.sys").write_bytes(b"MZ")
        os.chdir(tmp_path)
        return Path(name)

    monkeypatch.chdir(tmp_path)
    yield make
    # pytest's own cleaning up calls itself once a level.
    for name, levels in made:
        for _ in range(levels):
            os.chdir(name)
        Path("bottom.sys").unlink()
        for _ in range(levels):
            os.chdir("..")
            Path(name).rmdir()


@_UNIX
def test_1500_levels_are_walked_to_the_bottom(nested: Callable[[str, int], Path]) -> None:
    """A walk does not call itself, so depth is no matter."""
    *_, last = DirectorySource(nested("d", 1500), "").walk()

    assert isinstance(last, Entry)
    assert last.place[-2:] == ("d", "bottom.sys")


@_UNIX
def test_a_path_longer_than_the_system_allows_is_blocked(
    nested: Callable[[str, int], Path],
) -> None:
    """What lies deeper than a path can say is not seen; it is said where that begins."""
    *_, last = DirectorySource(nested("deeper", 1000), "").walk()

    assert isinstance(last, Blocked)
    assert "cannot be listed: File name too long" in last.message
    assert last.leads_on


def test_a_folder_that_is_not_there_is_blocked(tmp_path: Path) -> None:
    """A folder that went away before the walk is said to be gone."""
    found = _walk(tmp_path / "gone")["."]

    assert isinstance(found, Blocked)
    assert "cannot be listed: No such file or directory" in found.message


@_UNIX
def test_hives_beside_a_drivers_folder_are_walked_and_what_hides_them_is_said(
    private: Path,
) -> None:
    """The files of config beside system32/drivers are yielded; a closed system32 is said."""
    for name in ("drivers/a.sys", "Config/system", "config.old/system"):
        (private / "System32" / name).parent.mkdir(parents=True, exist_ok=True)
        (private / "System32" / name).write_bytes(b"")
    drivers = private / "System32" / "drivers"

    assert list(_walk(drivers)) == [".", "a.sys", os.path.join("..", "Config", "system")]  # noqa: PTH118
    (private / "System32").chmod(0o111)
    closed = _walk(drivers)
    (private / "System32").chmod(0o755)
    assert list(closed) == [".", "a.sys", ".."]
    assert isinstance(closed[".."], Blocked)
    assert "cannot be listed" in closed[".."].message
