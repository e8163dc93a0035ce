"""One walk over a source: where an NT system stands, and which files a rule could be about."""

import os
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from ntscan.errors import SourceError
from ntscan.evidence.boot_ini import LONGEST_BOOT_INI, system_folders
from ntscan.evidence.characteristics import CollectionError
from ntscan.evidence.image.pe_image import is_native_image
from ntscan.evidence.installation import Place, system_root_of, ways_to
from ntscan.evidence.registry.hives import HIVES
from ntscan.sources.source import Blocked, Entry, Source
from ntscan.vocabulary import Stage

_TWO_ABOVE: Final = re.compile(r"(?P<root>.*[^\\/])[\\/]+system32[\\/]+[^\\/]+", re.IGNORECASE)
_CONFIG: Final = ("system32", "config")
_DRIVERS: Final = ("system32", "drivers")
#: Folders on the way to a driver or a hive: a link in their place hides what lies beyond.
_WAYS: Final = ("system32", "drivers", "config")
_HEAD: Final = 4096
_DRIVERS_THAT_MAKE_A_FOLDER: Final = 3
_DRIVERS_LOOKED_AT: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A place that could not be read, and why; ``file_name`` is what a rule looks for there."""

    path: str
    place: Place
    stage: Stage
    message: str
    file_name: str | None


@dataclass(slots=True)
class Survey:
    """What a walk met, before any file was read.

    ``top`` is the place of what was scanned, ``roots`` are system roots with their paths, ``hives``
    their hives by name, ``drivers`` the .sys files that no rule names, by folder, ``doubles`` names
    at a place that another has already, with the path of the other. ``installed`` are
    the places of installed drivers with their roots, known once the hives were read.
    """

    top: Place = ()
    files: list[Entry] = field(default_factory=list)
    folders: dict[Place, str] = field(default_factory=dict)
    roots: dict[Place, str] = field(default_factory=dict)
    hives: dict[Place, dict[str, Entry]] = field(default_factory=dict)
    boot_files: list[Entry] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    drivers: dict[Place, list[Entry]] = field(default_factory=dict)
    places: dict[Place, str] = field(default_factory=dict)
    doubles: dict[Place, tuple[Entry, str]] = field(default_factory=dict)
    installed: dict[Place, Place] = field(default_factory=dict)

    def owner(self, place: Place) -> Place | None:
        """Return the system root that a place lies below, or whose installed driver it is."""
        if place in self.installed:
            return self.installed[place]
        above = (place[:length] for length in range(len(place), -1, -1))
        return next((root for root in above if root in self.roots), None)

    def add_fault(
        self, entry: Entry | Blocked, stage: Stage, message: str, file_name: str | None
    ) -> None:
        """Record a place that could not be read."""
        self.faults.append(
            Fault(
                path=entry.path,
                place=entry.place,
                stage=stage,
                message=message,
                file_name=file_name,
            )
        )

    def decides(self, place: Place, ways_in: Collection[Place]) -> bool:
        """Say whether a place speaks for a system: its driver, its hives, or a folder on the way.

        Outside any system, every place does.
        """
        if not self.roots or place in self.installed or place in ways_in:
            return True
        hive_folder = place[:-1] if is_hive(place) else place
        return hive_folder[-2:] == _CONFIG and hive_folder[:-2] in self.roots

    def errors(self) -> dict[Place | None, list[CollectionError]]:
        """Return what could not be read, by the system root that it lies below or ``None``."""
        ways_in = ways_to(self.installed)
        errors: dict[Place | None, list[CollectionError]] = {None: []}
        for fault in self.faults:
            error = CollectionError(
                path=fault.path,
                stage=fault.stage,
                message=fault.message,
                file_name=fault.file_name,
                decides=self.decides(fault.place, ways_in),
            )
            errors.setdefault(self.owner(fault.place), []).append(error)
        return errors


def is_hive(place: Place) -> bool:
    r"""Say whether a place is that of a hive: SYSTEM or SOFTWARE in ``system32\config``."""
    return place[-3:-1] == _CONFIG and place[-1] in HIVES


def survey(source: Source, file_names: Collection[str]) -> Survey:
    """Walk a source once; ``file_names`` are those that rules name, in lower case."""
    found = Survey()
    for entry in source.walk():
        found.top = found.top or entry.place
        name = entry.place[-1] if entry.place else ""
        match entry:
            case Blocked() if name in file_names or is_hive(entry.place):
                found.add_fault(entry, Stage.WALK, entry.message, _named(entry.place))
            case Blocked() if entry.leads_on or name in _WAYS:
                found.add_fault(entry, Stage.WALK, entry.message, None)
            case Entry(is_folder=True):
                _note_folder(found, entry, name, file_names)
            case Entry():
                _note_file(found, entry, name, file_names)
            case _:
                pass
    for boot_file in found.boot_files:
        _note_boot_ini(source, found, boot_file)
    _drop_ambiguous(found)
    return found


def holds_drivers(source: Source, found: Survey) -> bool:
    """Say whether the scanned folder is plainly one of drivers: three native .sys files in it."""
    drivers = found.drivers.get(found.top, [])
    return _native(source, drivers) >= _DRIVERS_THAT_MAKE_A_FOLDER


def _note_folder(found: Survey, entry: Entry, name: str, file_names: Collection[str]) -> None:
    _note_place(found, entry)
    found.folders[entry.place] = entry.path
    root = system_root_of(entry.place)
    if root is not None:
        found.roots.setdefault(root, _two_above(entry.path))
    if name in file_names or is_hive(entry.place):
        message = "is a folder where a file should be; look inside it by hand"
        found.add_fault(entry, Stage.OPEN, message, _named(entry.place))


def _note_file(found: Survey, entry: Entry, name: str, file_names: Collection[str]) -> None:
    if name in file_names or is_hive(entry.place):
        _note_place(found, entry)
    if name in file_names:
        found.files.append(entry)
    elif name.endswith(".sys"):
        found.drivers.setdefault(entry.place[:-1], []).append(entry)
    elif is_hive(entry.place):
        found.hives.setdefault(entry.place[:-3], {})[name] = entry
    elif name == "boot.ini":
        found.boot_files.append(entry)


def _named(place: Place) -> str | None:
    """Name the file that lies at a place; behind the SYSTEM hive any could, since it says where."""
    return None if is_hive(place) and place[-1] == HIVES[0] else place[-1]


def _note_place(found: Survey, entry: Entry) -> None:
    """Remember names that differ by case alone: NT, and so this survey, cannot tell them apart."""
    other = found.places.setdefault(entry.place, entry.path)
    if other != entry.path:
        found.doubles[entry.place] = entry, other


def _drop_ambiguous(found: Survey) -> None:
    """Take nothing for a system's own that two names could stand for; elsewhere both are shown."""
    ways = ways_to((*root, *folder, "") for root in found.roots for folder in (_DRIVERS, _CONFIG))
    inside = {(*root, *folder) for root in found.roots for folder in (_DRIVERS, _CONFIG)}
    for place, (entry, other) in found.doubles.items():
        if place not in ways and place[:-1] not in inside:
            continue
        message = f"is a name that NT cannot tell from {other}; scan each by itself"
        found.add_fault(entry, Stage.WALK, message, None)
        found.files = [file for file in found.files if file.place[: len(place)] != place]
        for root, hives in found.hives.items():
            kept = {n: h for n, h in hives.items() if h.place[: len(place)] != place}
            found.hives[root] = kept


def _note_boot_ini(source: Source, found: Survey, boot_file: Entry) -> None:
    """Take the folders that a boot.ini names for system roots, as far as they are there."""
    try:
        content = source.read_head(boot_file, LONGEST_BOOT_INI)
    except SourceError as error:
        found.add_fault(boot_file, Stage.READ, str(error), "boot.ini")
        return
    for folder in system_folders(content):
        root = (*boot_file.place[:-1], *folder)
        if root in found.folders:
            found.roots.setdefault(root, found.folders[root])


def _two_above(folder: str) -> str:
    """Return the path of a system root from that of its drivers or config folder.

    A path that begins below the root says so: ``drivers`` lies in the root ``../..``.
    """
    above = _TWO_ABOVE.fullmatch(folder)
    return above["root"] if above else os.path.normpath(f"{folder}/../..")


def _native(source: Source, entries: list[Entry]) -> int:
    native = 0
    for entry in entries[:_DRIVERS_LOOKED_AT]:
        try:
            native += is_native_image(source.read_head(entry, _HEAD))
        except SourceError:
            continue
    return native
