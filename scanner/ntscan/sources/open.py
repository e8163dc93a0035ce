"""From a path as the user wrote it to the source that reads what lies there."""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from ntscan.errors import UsageError
from ntscan.sources.directory import DirectorySource
from ntscan.sources.image_files import image_named
from ntscan.sources.single_file import SingleFileSource
from ntscan.sources.source import Source

if TYPE_CHECKING:
    from ntscan.sources.image_hashes import ImageHashing

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


def open_source(
    target: str, *, thorough: bool = False, hashing: "ImageHashing | None" = None
) -> Source:
    """Find what a path names: a folder, a disk image or another file.

    ``thorough`` and ``hashing`` are of disk images alone: whether to walk all of one, and which
    digests are wanted. Raises UsageError where nothing is there.
    """
    path = _locate(target)
    if os.path.isdir(path):  # noqa: PTH112  Path.is_dir raises where what is above is unreadable
        return DirectorySource(path, target)
    image = image_named(str(path))
    if image is not None:
        # What reads images takes longer to import than a driver takes to scan.
        from ntscan.sources.disk_image import DiskImageSource  # noqa: PLC0415

        return DiskImageSource(Path(image), target, thorough=thorough, hashing=hashing)
    return SingleFileSource(path, target)


def _locate(target: str) -> Path:
    """Find the path, reading backslashes as separators where the literal name does not exist."""
    if not target:
        raise UsageError("an empty path names nothing; give a file or a folder")
    if _exists(target):
        return Path(target)
    if os.sep == "/" and "\\" in target:
        if _DRIVE.match(target):
            raise UsageError(
                f"{target}: there is no drive {target[:2]} on this machine; give the folder "
                "where that drive is mounted or copied to"
            )
        translated = _ignoring_case(target)
        if translated is not None:
            return translated
    raise UsageError(f"{target}: no such file or folder; check the spelling and the mount")


def _exists(target: str) -> bool:
    try:
        os.lstat(target)
    except PermissionError as error:
        raise UsageError(
            f"{target}: cannot be reached: {error.strerror}; make the folders above it readable"
        ) from error
    except (OSError, ValueError):
        return False
    return True


def _ignoring_case(target: str) -> Path | None:
    """Follow a Windows path part by part, each by the one name that it matches without case."""
    path = Path("/") if target.startswith("\\") else Path()
    for part in Path(target.replace("\\", "/")).parts:
        if part.startswith("/"):
            continue
        if not os.path.lexists(path / part):
            try:
                names = sorted(n.name for n in path.iterdir() if n.name.lower() == part.lower())
            except OSError:
                return None
            if not names:
                return None
            if len(names) > 1:
                raise UsageError(
                    f"{target}: {part} could be {' or '.join(names)}; "
                    "give the path as this machine writes it"
                )
            part = names[0]  # noqa: PLW2901  the spelling on disk replaces the one given
        path /= part
    return path
