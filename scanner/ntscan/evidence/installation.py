r"""Where an NT system stands in a tree, and what a copy of a file is to it; from paths alone.

A place is an absolute path's parts in lower case.
"""

from collections.abc import Collection, Iterable
from typing import Final, TypeAlias

from ntscan.evidence.registry.hives import HIVES
from ntscan.vocabulary import FileRole

Place: TypeAlias = tuple[str, ...]

#: Where a system root has its drivers and its hives.
DRIVERS: Final = ("system32", "drivers")
CONFIG: Final = ("system32", "config")

_SOURCE_FOLDERS: Final = ("i386", "alpha", "mips", "ppc")


def system_root_of(folder: Place) -> Place | None:
    r"""Return the system root that a folder proves: that above ``system32\drivers`` or ``config``.

    >>> system_root_of(("c:\\", "winnt", "system32", "drivers"))
    ('c:\\', 'winnt')
    """
    return folder[:-2] if folder[-2:] in (DRIVERS, CONFIG) else None


def is_hive(place: Place) -> bool:
    r"""Say whether a place is that of a hive: SYSTEM or SOFTWARE in ``system32\config``."""
    return place[-3:-1] == CONFIG and place[-1] in HIVES


def role_of(
    file: Place, top: Place, roots: Collection[Place], installed: Collection[Place]
) -> FileRole:
    r"""Say what a copy is: the installed one lies where its system has its driver.

    Uninstall folders (``$NtUninstallQ242896$``, ``$NtServicePackUninstall$``) hold backups;
    ``i386`` and ``alpha`` folders are where setup and service packs are installed from. ``top`` is
    the place of what was scanned; what lies above it says nothing.
    """
    if not roots:
        return FileRole.OTHER
    if file in installed:
        return FileRole.INSTALLED
    folder = file[len(top) : -1]
    if any(part.startswith("$nt") and part.endswith("$") for part in folder):
        return FileRole.BACKUP
    if any(part in _SOURCE_FOLDERS for part in folder):
        return FileRole.SOURCE
    return FileRole.OTHER


def ways_to(files: Iterable[Place]) -> frozenset[Place]:
    """Return every folder on the way to one of the files: one unseen hides it."""
    return frozenset(file[:length] for file in files for length in range(len(file)))
