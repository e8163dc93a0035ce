"""Who may import whom: the plan of the house, held by reading the imports of every module."""

import ast
import sys
from pathlib import Path

import pytest

import ntscan

ROOT = Path(ntscan.__file__).parent
ROOTS_OF_ALL = {"vocabulary", "errors", "version"}
#: Each room of the house, and the rooms that it may know.
MAY_IMPORT = {
    "vocabulary": set(),
    "errors": set(),
    "version": set(),
    "garbage": set(),
    "sources": ROOTS_OF_ALL,
    "evidence": ROOTS_OF_ALL | {"sources"},
    "rulebook": ROOTS_OF_ALL,
    "evaluation": ROOTS_OF_ALL | {"evidence", "rulebook", "machinecode"},
    "drivermodel": {"vocabulary"},
    "machinecode": ROOTS_OF_ALL | {"evidence", "drivermodel"},
    "reporting": ROOTS_OF_ALL
    | {"sources", "evidence", "rulebook", "evaluation", "drivermodel", "machinecode"},
    "tracing": ROOTS_OF_ALL | {"sources", "evidence", "evaluation", "machinecode"},
    "asking": ROOTS_OF_ALL | {"rulebook", "reporting"},
    "demonstrating": ROOTS_OF_ALL | {"evaluation", "drivermodel", "machinecode", "reporting"},
    "composer": ROOTS_OF_ALL
    | {"sources", "evidence", "rulebook", "evaluation", "machinecode", "reporting"}
    | {"asking", "tracing", "demonstrating"},
}
MAY_IMPORT["auditing"] = MAY_IMPORT["composer"] | {"composer", "garbage"}
#: Each library from outside, and the only places that know it: a module, or a room.
PLACES_OF: dict[str, tuple[str, ...]] = {
    "distributed": ("auditing/dask_engine.py",),
    "msgspec": ("reporting/", "rulebook/load.py"),
    "packaging": ("evaluation/versions.py",),
    "pefile": ("evidence/image/pe_image.py",),
    "pyewf": ("sources/containers/ewf.py",),
    "pyregf": ("evidence/registry/hive.py", "evidence/registry/key.py"),
    "pytsk3": ("sources/volumes/sleuthkit/",),
    "pyvhdi": ("sources/containers/vhd.py",),
    "pyvmdk": ("sources/containers/vmdk_sparse.py",),
    "rich": ("reporting/",),
    "typer": ("cli/",),
}
#: What records are made of, wherever they are; a dataclass takes forty times as long to define.
RECORDS = ("msgspec.Struct", "msgspec.field", "msgspec.structs.replace")
MODULES = sorted(ROOT.rglob("*.py"))


def room_of(module: Path) -> str:
    """The folder below the package, or the module itself where it stands in none."""
    return module.relative_to(ROOT).parts[0].removesuffix(".py")


def imported_names(module: Path) -> list[str]:
    """Everything that a module imports by its full name, wherever in it the import stands."""
    names: list[str] = []
    for node in ast.walk(ast.parse(module.read_bytes())):
        match node:
            case ast.Import(names=aliases):
                names += [alias.name for alias in aliases]
            case ast.ImportFrom(module=str() as origin, names=aliases):
                names += [f"{origin}.{alias.name}" for alias in aliases]
            case _:
                pass
    return names


def imported_rooms(module: Path) -> set[str]:
    """The rooms of ntscan that a module imports."""
    return {name.split(".")[1] for name in imported_names(module) if name.startswith("ntscan.")}


def parts_imported_below(room: str, part: str) -> set[str]:
    """What a folder of a room imports from its own room: folders and modules, by name."""
    return {
        name.split(".")[2]
        for module in (ROOT / room / part).rglob("*.py")
        for name in imported_names(module)
        if name.startswith(f"ntscan.{room}.")
    } - {part}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_its_room_may_know(module: Path) -> None:
    """The one way through is kept: no room imports one that comes after it."""
    room = room_of(module)
    if room in ("cli", "__init__", "__main__"):
        return
    assert imported_rooms(module) - {room} <= MAY_IMPORT[room]


PARTS_OF_MACHINE_CODE = {
    "loader": set[str](),
    "i386": {"loader"},
    "alpha": {"loader"},
    "kernel": {"loader"},
    "search": {"kernel"},
}


@pytest.mark.parametrize("part", PARTS_OF_MACHINE_CODE)
def test_a_part_of_machine_code_knows_only_those_before_it(part: str) -> None:
    """No interpreter knows the other or the kernel, and the kernel knows no interpreter."""
    known = parts_imported_below("machinecode", part) & set(PARTS_OF_MACHINE_CODE)
    assert known == PARTS_OF_MACHINE_CODE[part]


def test_containers_know_nothing_of_volumes() -> None:
    """A container is bytes; what file system they hold is not its concern."""
    assert "volumes" not in parts_imported_below("sources", "containers")
    assert "containers" in parts_imported_below("sources", "volumes")


def test_a_foreign_library_has_one_place() -> None:
    """What came from outside is known in one place, so that it can be replaced there.

    Whatever stands in no row, as the driver model and the machine code, needs nothing but Python
    and what records are made of.
    """
    using: dict[str, set[str]] = {}
    for module in MODULES:
        for name in set(imported_names(module)) - set(RECORDS):
            using.setdefault(name.split(".")[0], set()).add(module.relative_to(ROOT).as_posix())
    foreign = set(using) - sys.stdlib_module_names - {"ntscan", "_typeshed"}
    assert foreign == set(PLACES_OF)
    elsewhere = {
        library: [name for name in using[library] if not name.startswith(PLACES_OF[library])]
        for library in foreign
    }
    assert elsewhere == {library: [] for library in foreign}


def test_only_the_command_line_knows_the_audit() -> None:
    """What scans one target knows nothing of many."""
    assert {room_of(m) for m in MODULES if "auditing" in imported_rooms(m)} == {
        "__init__",
        "auditing",
        "cli",
    }


def test_no_module_below_the_composer_asks_for_the_time_or_the_environment() -> None:
    """Only asking.py and the command line know a clock or the environment."""
    forbidden = ("datetime.now", "time.time", "os.environ", "getenv")
    # The Sleuth Kit takes a volume's wall clock for that of the zone in TZ; only so can it be told.
    exempt = {ROOT / "sources" / "volumes" / "zone.py"}
    below = [
        module
        for module in MODULES
        if room_of(module) not in ("cli", "asking", "drivermodel") and module not in exempt
    ]
    assert [m for m in below if any(word in m.read_text("utf-8") for word in forbidden)] == []
