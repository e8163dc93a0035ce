"""Who may import whom: the plan of the house, held by reading the imports of every module."""

import ast
from importlib.util import find_spec
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
    "sources": ROOTS_OF_ALL,
    "evidence": ROOTS_OF_ALL | {"sources"},
    "rulebook": ROOTS_OF_ALL,
    "evaluation": ROOTS_OF_ALL | {"evidence", "rulebook"},
    "drivermodel": {"vocabulary"},
    "machinecode": ROOTS_OF_ALL | {"evidence", "drivermodel"},
    "reporting": ROOTS_OF_ALL | {"sources", "evidence", "rulebook", "evaluation", "drivermodel"},
    "composer": ROOTS_OF_ALL
    | {"sources", "evidence", "rulebook", "evaluation", "drivermodel", "reporting"},
}
MAY_IMPORT["auditing"] = MAY_IMPORT["composer"] | {"composer"}
MODULES = sorted(ROOT.rglob("*.py"))


def room_of(module: Path) -> str:
    """The folder below the package, or the module itself where it stands in none."""
    return module.relative_to(ROOT).parts[0].removesuffix(".py")


def imported_rooms(module: Path) -> set[str]:
    """The rooms of ntscan that a module imports, wherever in it the import stands."""
    names: list[str] = []
    for node in ast.walk(ast.parse(module.read_bytes())):
        match node:
            case ast.Import(names=aliases):
                names += [alias.name for alias in aliases]
            case ast.ImportFrom(module=str() as origin, names=aliases):
                names += [f"{origin}.{alias.name}" for alias in aliases]
            case _:
                pass
    return {name.split(".")[1] for name in names if name.startswith("ntscan.")}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_its_room_may_know(module: Path) -> None:
    """The one way through is kept: no room imports one that comes after it."""
    room = room_of(module)
    if room in ("cli", "__init__", "__main__"):
        return
    assert imported_rooms(module) - {room} <= MAY_IMPORT[room]


@pytest.mark.parametrize(
    ("library", "owner"),
    [
        ("pefile", "evidence"),
        ("rich", "reporting"),
        ("typer", "cli"),
        ("msgspec", ""),
        ("distributed", "auditing"),
    ],
)
def test_a_foreign_library_has_one_room(library: str, owner: str) -> None:
    """What came from outside is known in one room, so that it can be replaced there."""
    assert find_spec(library) is not None
    using = {
        room_of(module)
        for module in MODULES
        for node in ast.walk(ast.parse(module.read_bytes()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
        )
        if name.split(".")[0] == library
    }
    assert using == ({owner} if owner else {"reporting", "rulebook"})


def test_only_the_command_line_knows_the_audit() -> None:
    """What scans one target knows nothing of many."""
    assert {room_of(m) for m in MODULES if "auditing" in imported_rooms(m)} == {
        "__init__",
        "auditing",
        "cli",
    }


def test_no_module_below_the_composer_asks_for_the_time_or_the_environment() -> None:
    """Only composer.py and the command line know a clock or the environment."""
    forbidden = ("datetime.now", "time.time", "os.environ", "getenv")
    # The Sleuth Kit takes a volume's wall clock for that of the zone in TZ; only so can it be told.
    exempt = {ROOT / "sources" / "volumes" / "zone.py"}
    below = [
        module
        for module in MODULES
        if room_of(module) not in ("cli", "composer", "drivermodel") and module not in exempt
    ]
    assert [m for m in below if any(word in m.read_text("utf-8") for word in forbidden)] == []
