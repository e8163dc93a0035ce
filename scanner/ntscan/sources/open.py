"""From a path as the user wrote it to the source that reads what lies there."""

import os
import re
from pathlib import Path

from ntscan.errors import UsageError
from ntscan.sources.directory import DirectorySource
from ntscan.sources.single_file import SingleFileSource
from ntscan.sources.source import Source

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


def open_source(target: str) -> Source:
    """Find what a path names: a file or a folder.

    Raises UsageError where nothing is there.
    """
    path = _locate(target)
    if path.is_dir():
        return DirectorySource(path, target)
    return SingleFileSource(path, target)


def _locate(target: str) -> Path:
    """Find the path, reading backslashes as separators where the literal name does not exist."""
    literal = Path(target)
    if os.path.lexists(literal):
        return literal
    if os.sep == "/" and "\\" in target:
        if _DRIVE.match(target):
            raise UsageError(
                f"{target}: there is no drive {target[:2]} on this machine; give the folder "
                "where that drive is mounted or copied to"
            )
        translated = _ignoring_case(target.replace("\\", "/"))
        if translated is not None:
            return translated
    raise UsageError(f"{target}: no such file or folder; check the spelling and the mount")


def _ignoring_case(target: str) -> Path | None:
    """Follow a path part by part, taking the only name that matches without regard to case."""
    path = Path("/") if target.startswith("/") else Path()
    for part in Path(target).parts:
        if part == "/":
            continue
        if not os.path.lexists(path / part):
            try:
                matches = [n.name for n in path.iterdir() if n.name.lower() == part.lower()]
            except OSError:
                return None
            if len(matches) != 1:
                return None
            part = matches[0]  # noqa: PLW2901  the spelling on disk replaces the one given
        path /= part
    return path
