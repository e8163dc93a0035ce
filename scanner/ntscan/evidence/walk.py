"""One walk over a source: where an NT system stands, and which files a rule could be about."""

import os
import re
from collections.abc import Collection
from typing import Final

from ntscan.errors import SourceError
from ntscan.evidence.boot_ini import LONGEST_BOOT_INI, system_folders
from ntscan.evidence.direct_look_up import look_into, look_up_systems
from ntscan.evidence.double_names import drop_double_names, note_place
from ntscan.evidence.image.pe_image import is_native_image
from ntscan.evidence.installation import Place, is_hive, system_root_of
from ntscan.evidence.registry.hives import HIVES
from ntscan.evidence.survey import Survey
from ntscan.sources.source import Blocked, DirectSource, Entry, Source
from ntscan.vocabulary import Stage

_TWO_ABOVE: Final = re.compile(
    r"(?P<root>[A-Za-z]:[\\/]|.*[^\\/](?=[\\/]))[\\/]*system32[\\/]+[^\\/]+", re.IGNORECASE
)
#: Folders on the way to a driver or a hive: a link in their place hides what lies beyond.
_WAYS: Final = ("system32", "drivers", "config")
_HEAD: Final = 4096
_DRIVERS_THAT_MAKE_A_FOLDER: Final = 3
_DRIVERS_LOOKED_AT: Final = 64


def survey(source: Source, file_names: Collection[str]) -> Survey:
    """Walk a source once; ``file_names`` are those that rules name, in lower case.

    A source that can be asked for places is asked for those of NT systems, and not walked.
    """
    found = Survey()
    if isinstance(source, DirectSource):
        volumes = (one.place for one in source.volumes() if isinstance(one, Entry))
        found.volumes = frozenset(volumes)
    if isinstance(source, DirectSource) and not source.thorough:
        entries = look_up_systems(source, file_names)
    else:
        entries = source.walk()
    for entry in entries:
        _note(found, entry, file_names)
    for boot_file in found.boot_files:
        _note_boot_ini(source, found, boot_file)
    drop_double_names(found)
    return found


def is_in_sight(source: Source, found: Survey, folder: Place, file_names: Collection[str]) -> bool:
    """Say whether a folder was looked into; where the source can be asked for it, it is now.

    Then what is not found in it is not there, unless a fault was met on the way.
    """
    if folder in found.folders:
        return True
    if not isinstance(source, DirectSource):
        return False
    if not any(fault.place == folder for fault in found.faults):
        for entry in look_into(source, folder, file_names):
            _note(found, entry, file_names)
    return True


def holds_drivers(source: Source, found: Survey) -> bool:
    """Say whether the scanned folder is plainly one of drivers: three native .sys files in it."""
    drivers = found.drivers.get(found.top, [])
    return _native(source, drivers) >= _DRIVERS_THAT_MAKE_A_FOLDER


def _note(found: Survey, entry: Entry | Blocked, file_names: Collection[str]) -> None:
    found.top = found.top or entry.place
    name = entry.place[-1] if entry.place else ""
    match entry:
        case Blocked() if name in file_names or is_hive(entry.place):
            found.add_fault(entry, entry.stage, entry.message, _named(entry.place))
        case Blocked() if entry.leads_on or entry.stage is not Stage.WALK or name in _WAYS:
            found.add_fault(entry, entry.stage, entry.message, None)
        case Entry(is_folder=True):
            _note_folder(found, entry, name, file_names)
        case Entry():
            _note_file(found, entry, name, file_names)
        case _:
            pass


def _note_folder(found: Survey, entry: Entry, name: str, file_names: Collection[str]) -> None:
    note_place(found, entry)
    found.folders[entry.place] = entry.path
    root = system_root_of(entry.place)
    if root is not None:
        found.roots.setdefault(root, _two_above(entry.path))
    if name in file_names or is_hive(entry.place):
        message = "is a folder where a file should be; look inside it by hand"
        found.add_fault(entry, Stage.OPEN, message, _named(entry.place))


def _note_file(found: Survey, entry: Entry, name: str, file_names: Collection[str]) -> None:
    if name in file_names or is_hive(entry.place):
        note_place(found, entry)
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
