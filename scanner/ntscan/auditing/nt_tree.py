"""Which folders of this machine are NT trees, by the names in them alone."""

import os
from pathlib import Path
from typing import Final

from msgspec import Struct

_SYSTEM32: Final = "system32"
#: What lies beside the system root on the volume that NT 4.0 starts from.
_BOOT_FILES: Final = frozenset({"boot.ini", "ntldr", "ntdetect.com", "osloader.exe"})
#: How setup names a system root: WINNT, WINNT40, WTSRV (Terminal Server), WINDOWS.
_ROOT_NAMES: Final = ("winnt", "wtsrv", "windows")
#: Folders of an NT tree that are often copied by themselves, by the end of their path.
_INSIDE: Final = (("system32",), ("system32", "drivers"), ("system32", "config"))


class Listing(Struct, frozen=True, kw_only=True):
    """What lies in a folder, by name; ``others`` counts pipes, sockets and devices."""

    path: str
    files: tuple[str, ...]
    folders: tuple[str, ...]
    links: int
    others: int


def is_inside_a_tree(path: str) -> bool:
    """Say whether a path ends as one of the folders of an NT tree that are copied by themselves."""
    parts = tuple(part.lower() for part in Path(os.path.abspath(path)).parts)  # noqa: PTH100  the name given counts
    return any(parts[-len(end) :] == end for end in _INSIDE)


def holds_system32(listing: Listing) -> bool:
    """Say whether a folder is a system root, since system32 is in it."""
    return any(name.lower() == _SYSTEM32 for name in listing.folders)


def is_started_from(listing: Listing) -> bool:
    """Say whether a folder holds boot files, as the volume that NT starts from does."""
    return any(name.lower() in _BOOT_FILES for name in listing.files)


def is_volume(listing: Listing) -> bool:
    """Say whether a folder holds a system root that setup named, or any beside boot files.

    A root of another name alone could be a machine's, in a folder of several machines.
    """
    starts = is_started_from(listing)
    for name in listing.folders:
        if starts or name.lower().startswith(_ROOT_NAMES):
            try:
                below = list_folder(os.path.join(listing.path, name))  # noqa: PTH118
            except OSError:
                continue  # It is listed again where it is searched, and the error said there.
            if holds_system32(below):
                return True
    return False


def list_folder(folder: str) -> Listing:
    """List a folder; raises OSError."""
    with os.scandir(folder) as listing:
        children = sorted(listing, key=lambda child: child.name)
    files = tuple(child.name for child in children if child.is_file(follow_symlinks=False))
    folders = tuple(child.name for child in children if child.is_dir(follow_symlinks=False))
    links = sum(child.is_symlink() for child in children)
    others = len(children) - len(files) - len(folders) - links
    return Listing(path=folder, files=files, folders=folders, links=links, others=others)
