r"""From a driver's ImagePath to a place: NT writes one path in five ways.

``\SystemRoot\System32\drivers\x.sys``, ``System32\drivers\x.sys`` (below the system root),
``%SystemRoot%\System32\drivers\x.sys``, ``\??\C:\WINNT\System32\drivers\x.sys`` and
``C:\WINNT\System32\drivers\x.sys``.
"""

from ntscan.evidence.installation import Place

_BELOW_ROOT = ("\\systemroot\\", "%systemroot%\\")
_DOS_DEVICES = "\\??\\"
_DRIVE_LENGTH = 2


def locate(image_path: str, root: Place, system_root: str | None) -> Place | None:
    r"""Find the place that an ImagePath names, from the system root's own place.

    ``system_root`` is what NT calls its root (``C:\WINNT``), as far as it is known. ``None`` where
    the path lies on another volume, or where nothing says which volume it is on.
    """
    path = image_path.strip().strip('"').lower().removeprefix(_DOS_DEVICES)
    for prefix in _BELOW_ROOT:
        if path.startswith(prefix):
            return _below(root, path.removeprefix(prefix))
    if path[1:2] != ":":
        return None if path.startswith("\\") else _below(root, path)
    return _on_volume(path, root, (system_root or "").lower())


def _on_volume(path: str, root: Place, system_root: str) -> Place | None:
    """Find a path with a drive letter: the system root's own place says where its volume begins."""
    folders = _parts(system_root[_DRIVE_LENGTH:])
    same_drive = path[:_DRIVE_LENGTH] == system_root[:_DRIVE_LENGTH]
    if not same_drive or root[len(root) - len(folders) :] != folders:
        return None
    return _below(root[: len(root) - len(folders)], path[_DRIVE_LENGTH:])


def _below(folder: Place, path: str) -> Place:
    return (*folder, *_parts(path))


def _parts(path: str) -> Place:
    return tuple(part for part in path.replace("/", "\\").split("\\") if part not in ("", "."))
