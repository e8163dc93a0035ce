"""One walk over a source: where an NT system stands, and which files a rule could be about."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from ntscan.errors import SourceError
from ntscan.evidence.characteristics import CollectionError
from ntscan.evidence.installation import Place, system_root_of
from ntscan.evidence.pe_image import is_native_image
from ntscan.sources.source import Blocked, Entry, Source
from ntscan.vocabulary import Stage

_LAST_TWO_PARTS: Final = re.compile(r"[\\/][^\\/]+[\\/][^\\/]+[\\/]?$")
_HEAD: Final = 4096
_DRIVERS_THAT_MAKE_A_FOLDER: Final = 3
_DRIVERS_LOOKED_AT: Final = 64


@dataclass(slots=True)
class Survey:
    """What a walk met, before any file was read; ``roots`` are system roots with their paths."""

    files: list[Entry] = field(default_factory=list)
    roots: dict[Place, str] = field(default_factory=dict)
    errors: list[tuple[Place, CollectionError]] = field(default_factory=list)
    drivers: dict[Place, list[Entry]] = field(default_factory=dict)

    def owner(self, place: Place) -> Place | None:
        """Return the system root that a place lies below, the innermost of several."""
        owners = (root for root in self.roots if place[: len(root)] == root)
        return max(owners, key=len, default=None)

    def add_error(self, entry: Entry | Blocked, stage: Stage, message: str, name: str) -> None:
        """Record a file that could not be read and that bears a name a rule looks for."""
        error = CollectionError(path=entry.path, stage=stage, message=message, file_name=name)
        self.errors.append((entry.place, error))


def survey(source: Source, file_names: Collection[str]) -> Survey:
    """Walk a source once; ``file_names`` are those that rules name, in lower case."""
    found = Survey()
    for entry in source.walk():
        name = entry.place[-1] if entry.place else ""
        match entry:
            case Blocked(leads_on=True):
                error = CollectionError(path=entry.path, stage=Stage.WALK, message=entry.message)
                found.errors.append((entry.place, error))
            case Blocked() if name in file_names:
                found.add_error(entry, Stage.WALK, entry.message, name)
            case Entry(is_folder=True):
                _note_folder(found, entry, name, file_names)
            case Entry() if name in file_names:
                found.files.append(entry)
            case Entry() if name.endswith(".sys"):
                found.drivers.setdefault(entry.place[:-1], []).append(entry)
            case _:
                pass
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
        found.roots.setdefault(root, _LAST_TWO_PARTS.sub("", entry.path) or entry.path)
    if name in file_names:
        message = "is a folder where a file should be; look inside it by hand"
        found.add_error(entry, Stage.OPEN, message, name)


def _native(source: Source, entries: list[Entry]) -> int:
    native = 0
    for entry in entries[:_DRIVERS_LOOKED_AT]:
        try:
            native += is_native_image(source.read_head(entry, _HEAD))
        except SourceError:
            continue
    return native
