"""One walk over a source: where an NT system stands, and which files a rule could be about."""

import os
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from ntscan.errors import SourceError
from ntscan.evidence.characteristics import CollectionError
from ntscan.evidence.installation import Place, role_of, system_root_of, ways_to_drivers
from ntscan.evidence.pe_image import is_native_image
from ntscan.sources.source import Blocked, Entry, Source
from ntscan.vocabulary import FileRole, Stage

_TWO_ABOVE: Final = re.compile(r"(?P<root>.*[^\\/])[\\/]+system32[\\/]+[^\\/]+", re.IGNORECASE)
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

    ``roots`` are system roots with their paths, ``drivers`` the .sys files that no rule names, by
    folder; ``ways_in`` are the folders on the way to an installed driver.
    """

    files: list[Entry] = field(default_factory=list)
    roots: dict[Place, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    drivers: dict[Place, list[Entry]] = field(default_factory=dict)
    ways_in: frozenset[Place] = frozenset()

    def owner(self, place: Place) -> Place | None:
        """Return the system root that a place lies below, the innermost of several."""
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

    def decides(self, place: Place, file_name: str | None) -> bool:
        """Say whether a place speaks for a system: its installed driver, or a folder on the way.

        ``file_name`` is the name that a rule looks for there. Outside any system, every place does.
        """
        if not self.roots or place in self.ways_in:
            return True
        return file_name is not None and role_of(place, self.roots) is FileRole.INSTALLED

    def errors(self) -> dict[Place | None, list[CollectionError]]:
        """Return what could not be read, by the system root that it lies below or ``None``."""
        errors: dict[Place | None, list[CollectionError]] = {None: []}
        for fault in self.faults:
            error = CollectionError(
                path=fault.path,
                stage=fault.stage,
                message=fault.message,
                file_name=fault.file_name,
                decides=self.decides(fault.place, fault.file_name),
            )
            errors.setdefault(self.owner(fault.place), []).append(error)
        return errors


def survey(source: Source, file_names: Collection[str]) -> Survey:
    """Walk a source once; ``file_names`` are those that rules name, in lower case."""
    found = Survey()
    for entry in source.walk():
        name = entry.place[-1] if entry.place else ""
        match entry:
            case Blocked() if name in file_names:
                found.add_fault(entry, Stage.WALK, entry.message, name)
            case Blocked(leads_on=True):
                found.add_fault(entry, Stage.WALK, entry.message, None)
            case Entry(is_folder=True):
                _note_folder(found, entry, name, file_names)
            case Entry() if name in file_names:
                found.files.append(entry)
            case Entry() if name.endswith(".sys"):
                found.drivers.setdefault(entry.place[:-1], []).append(entry)
            case _:
                pass
    found.ways_in = ways_to_drivers(found.roots)
    return found


def holds_drivers(source: Source, found: Survey) -> bool:
    """Say whether some folder is plainly one of drivers: three .sys files of native subsystem."""
    return any(
        _native(source, entries) >= _DRIVERS_THAT_MAKE_A_FOLDER
        for entries in found.drivers.values()
    )


def _note_folder(found: Survey, entry: Entry, name: str, file_names: Collection[str]) -> None:
    root = system_root_of(entry.place)
    if root is not None:
        found.roots.setdefault(root, _two_above(entry.path))
    if name in file_names:
        message = "is a folder where a file should be; look inside it by hand"
        found.add_fault(entry, Stage.OPEN, message, name)


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
