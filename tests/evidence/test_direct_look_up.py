r"""Systems are found on a disk by asking for places: nothing else of it is listed or read."""

from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO, Final

import pytest

from fixtures.nt_system_hives import NTControlSet, NTService, NTSystem, software_tree, system_tree
from fixtures.pe_image import build_pe_image
from fixtures.registry_hive import build_hive
from fixtures.sfmsrv import published_build
from ntscan.evidence.characteristics import SystemCharacteristics
from ntscan.evidence.collect import collect
from ntscan.evidence.wanted import Wanted
from ntscan.sources.source import Blocked, DirectSource, Entry, FileContent
from ntscan.vocabulary import FileRole, Stage, TargetKind

_WANTED: Final = (Wanted(file_name="sfmsrv.sys", driver="MacSrv", services=("MacSrv",)),)
_DRIVER: Final = build_pe_image(published_build("SP5").recipe)
_BOOT_INI: Final = (
    b"[operating systems]\r\n"
    b'multi(0)disk(0)rdisk(0)partition(2)\\NT\\SERVER="Windows NT Server 4.00"\r\n'
)
#: Folders that no rule and no system names; each would be asked for by a walk alone.
_ELSEWHERE: Final = ("d1/users/anna/letters", "d1/winnt/help/deep", "d1/winnt/system32/spool/w32")


class Tree(DirectSource):
    """A disk of two volumes, ``d1`` and ``d2``; it remembers which folders it was asked for."""

    kind = TargetKind.DISK_IMAGE
    target = "disk"

    def __init__(
        self, files: dict[str, bytes], *, closed: str = "", thorough: bool = False
    ) -> None:
        self.thorough = thorough
        self.files = {tuple(path.split("/")): data for path, data in files.items()}
        self.closed = tuple(closed.split("/")) if closed else None
        self.asked: list[str] = []
        above = {path[:length] for path in self.files for length in range(1, len(path))}
        self.folders = above | {("d1",), ("d2",)} | {tuple(f.split("/")) for f in _ELSEWHERE}

    def volumes(self) -> Iterator[Entry | Blocked]:
        """Yield both volumes."""
        yield from (self._entry((volume,)) for volume in ("d1", "d2"))

    def list_folder(self, place: tuple[str, ...]) -> Iterator[Entry | Blocked]:
        """Yield a folder and what lies in it."""
        self.asked.append("/".join(place))
        if place == self.closed:
            yield Blocked(path="/".join(place), place=place, message="is damaged", leads_on=True)
        elif place in self.folders:
            yield self._entry(place)
            for child in sorted({*self.files, *self.folders}):
                if child[:-1] == place:
                    yield self._entry(child)

    def walk(self) -> Iterator[Entry | Blocked]:
        """Yield everything."""
        yield from (self._entry(place) for place in sorted({*self.files, *self.folders}))

    def _entry(self, place: tuple[str, ...]) -> Entry:
        path = "\\".join((f"{place[0]}:", *place[1:]))
        return Entry(path=path, place=place, is_folder=place not in self.files)

    def read(self, entry: Entry, limit: int) -> FileContent:  # noqa: ARG002  all files are small
        """Read a file."""
        return FileContent(data=self.files[entry.place], modified=None, modified_kind=None)

    def open(self, entry: Entry) -> BinaryIO:
        """Open a file."""
        return BytesIO(self.files[entry.place])

    def read_head(self, entry: Entry, length: int) -> bytes:
        """Read the start of a file."""
        return self.files[entry.place][:length]


def hives(root: str, image_path: str | None = None) -> dict[str, bytes]:
    """The hives of a system whose MacSrv lies where the path says."""
    services = {"MacSrv": NTService(image_path=image_path)}
    system = NTSystem(control_sets={1: NTControlSet(services=services)})
    return {
        f"{root}/system32/config/system": build_hive(system_tree(system)),
        f"{root}/system32/config/software": build_hive(software_tree(system)),
    }


def systems(tree: Tree) -> tuple[SystemCharacteristics, ...]:
    """What is collected of a disk."""
    return collect(tree, _WANTED)


def installed(tree: Tree) -> list[tuple[str | None, list[str]]]:
    """The system roots, each with the paths of its installed drivers."""
    return [
        (system.root, [file.path for file in system.files if file.role is FileRole.INSTALLED])
        for system in systems(tree)
    ]


SYSTEM: Final = {"d1/winnt/system32/drivers/sfmsrv.sys": _DRIVER, **hives("d1/winnt")}


def test_a_system_is_found_in_a_folder_of_a_volumes_root() -> None:
    """Without a boot.ini, a system32 below a top folder is enough."""
    driver = r"d1:\winnt\system32\drivers\sfmsrv.sys"
    assert installed(Tree(SYSTEM)) == [(r"d1:\winnt", [driver])]


def test_a_system_is_found_where_boot_ini_says_on_whichever_volume() -> None:
    """A boot.ini on the first volume names a deeper folder of the second."""
    files = {
        "d1/boot.ini": _BOOT_INI,
        "d2/nt/server/system32/drivers/sfmsrv.sys": _DRIVER,
        **hives("d2/nt/server"),
    }
    driver = r"d2:\nt\server\system32\drivers\sfmsrv.sys"
    assert installed(Tree(files)) == [(r"d2:\nt\server", [driver])]
    assert all(system.root is None for system in systems(Tree(files | {"d1/boot.ini": b""})))


def test_several_systems_on_one_disk_are_several() -> None:
    """Each volume may hold a system, and a volume more than one."""
    files = {f"{root}/system32/drivers/sfmsrv.sys": _DRIVER for root in ("d1/a", "d1/b", "d2/a")}
    roots = [root for root, _ in installed(Tree(files))]
    assert roots == [r"d1:\a", r"d1:\b", r"d2:\a"]


def test_nothing_is_asked_for_that_no_system_names() -> None:
    """Folders beside the way to drivers and hives stay unlisted; a thorough scan walks instead."""
    tree = Tree(SYSTEM)
    systems(tree)
    assert not set(tree.asked) & set(_ELSEWHERE)
    assert "d1/winnt/system32/drivers" in tree.asked


@pytest.mark.parametrize(("thorough", "found"), [(False, 0), (True, 1)])
def test_copies_elsewhere_are_found_by_a_thorough_scan_alone(thorough: bool, found: int) -> None:
    """An uninstall folder is no place of a system's own."""
    copy = "d1/winnt/$ntuninstallq242896$/sfmsrv.sys"
    (system,) = systems(Tree(SYSTEM | {copy: _DRIVER}, thorough=thorough))
    assert [file.role for file in system.files].count(FileRole.BACKUP) == found


IMAGE_PATHS = [
    pytest.param(r"\SystemRoot\mac\sfmsrv.sys", "d1/winnt/mac/sfmsrv.sys", id="below the root"),
    pytest.param(r"\??\C:\mac\sfmsrv.sys", "d1/mac/sfmsrv.sys", id="elsewhere on the volume"),
]


@pytest.mark.parametrize(("image_path", "place"), IMAGE_PATHS)
def test_a_driver_is_looked_up_where_the_registry_says(image_path: str, place: str) -> None:
    """ImagePath leads to a folder that the search passed by, and the file there is the one."""
    tree = Tree(hives("d1/winnt", image_path) | {place: _DRIVER})
    assert installed(tree) == [(r"d1:\winnt", [place.replace("/", "\\").replace("d1", "d1:", 1)])]


@pytest.mark.parametrize(("image_path", "place"), IMAGE_PATHS)
def test_a_driver_that_is_not_where_the_registry_says_is_missing(
    image_path: str, place: str
) -> None:
    """On a disk that can be asked, absence is known: of the file, and of its folder."""
    for others in ({}, {place.replace("sfmsrv", "other"): _DRIVER}):
        (system,) = systems(Tree(hives("d1/winnt", image_path) | others))
        assert system.missing_images == ("sfmsrv.sys",)
        assert system.errors == ()


@pytest.mark.parametrize("closed", ["d1/winnt/system32/drivers", "d1/winnt/system32/config"])
def test_a_folder_that_cannot_be_listed_is_said_to_decide(closed: str) -> None:
    """What hides a driver or the hives is an error that decides."""
    (system, *_) = systems(Tree(SYSTEM, closed=closed))
    assert [(error.stage, error.decides) for error in system.errors] == [(Stage.WALK, True)]


def test_a_folder_that_bears_the_drivers_name_is_an_error() -> None:
    """A folder named sfmsrv.sys is said, although folders are not looked into."""
    files = hives("d1/winnt") | {"d1/winnt/system32/drivers/sfmsrv.sys/x": b""}
    (system,) = systems(Tree(files))
    assert [error.stage for error in system.errors] == [Stage.OPEN]
