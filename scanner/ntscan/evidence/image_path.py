r"""From a driver's ImagePath to a place: NT writes one path in many ways.

``\SystemRoot\System32\drivers\x.sys``, ``System32\drivers\x.sys`` (below the system root),
``%SystemRoot%\...`` and ``%windir%\...``, ``C:\WINNT\...``, that with ``\??\`` or
``\DosDevices\`` before it, and ``\WINNT\...`` on the system root's own volume. Other names of NT's
objects (``\Device\...``, ``\ArcName\...``, ``\??\UNC\...``) are not followed.
"""

from typing import Final

from ntscan.evidence.installation import Place

_BELOW_ROOT: Final = ("\\systemroot\\", "%systemroot%\\", "%windir%\\")
_DOS_DEVICES: Final = ("\\??\\", "\\dosdevices\\")
_DRIVE_LENGTH: Final = 2


def locate(image_path: str, root: Place, system_root: str | None) -> Place | None:
    r"""Find the place that an ImagePath names, from the system root's own place.

    ``system_root`` is what NT calls its root (``C:\WINNT``), as far as it is known. ``None`` where
    the path lies on another volume, where nothing says which volume it is on, or where it is
    written in a way that is not understood.
    """
    path = image_path.strip().strip('"').lower().replace("/", "\\")
    for prefix in _BELOW_ROOT:
        if path.startswith(prefix):
            return _resolve((*root, *_parts(path.removeprefix(prefix))))
    own = (system_root or "").lower()
    is_device = path.startswith(_DOS_DEVICES)
    for prefix in _DOS_DEVICES:
        path = path.removeprefix(prefix)
    if own and path.startswith(own[_DRIVE_LENGTH:].rstrip("\\") + "\\"):
        path = own[:_DRIVE_LENGTH] + path
    if path[1:_DRIVE_LENGTH] == ":":
        return _on_volume(path, root, own)
    if is_device or "%" in path or path.startswith(("\\", "systemroot\\")):
        return None
    return _resolve((*root, *_parts(path)))


def _on_volume(path: str, root: Place, system_root: str) -> Place | None:
    """Find a path with a drive letter: the system root's own place says where its volume begins."""
    folders = _parts(system_root[_DRIVE_LENGTH:])
    same_drive = path[:_DRIVE_LENGTH] == system_root[:_DRIVE_LENGTH]
    if not same_drive or root[len(root) - len(folders) :] != folders:
        return None
    return _resolve((*root[: len(root) - len(folders)], *_parts(path[_DRIVE_LENGTH:])))


def _resolve(place: Place) -> Place | None:
    """Follow ``..`` upwards, as NT does before it opens a file."""
    resolved: list[str] = []
    for part in place:
        if part != "..":
            resolved.append(part)
        elif resolved:
            resolved.pop()
        else:
            return None
    return tuple(resolved)


def _parts(path: str) -> Place:
    return tuple(part for part in path.split("\\") if part not in ("", "."))
