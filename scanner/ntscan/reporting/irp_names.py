"""The names of an IRP's function codes, as ntddk.h has them for Windows NT 4.0."""

from typing import Final

_MAJOR: Final = (
    "CREATE",
    "CREATE_NAMED_PIPE",
    "CLOSE",
    "READ",
    "WRITE",
    "QUERY_INFORMATION",
    "SET_INFORMATION",
    "QUERY_EA",
    "SET_EA",
    "FLUSH_BUFFERS",
    "QUERY_VOLUME_INFORMATION",
    "SET_VOLUME_INFORMATION",
    "DIRECTORY_CONTROL",
    "FILE_SYSTEM_CONTROL",
    "DEVICE_CONTROL",
    "INTERNAL_DEVICE_CONTROL",
    "SHUTDOWN",
    "LOCK_CONTROL",
    "CLEANUP",
    "CREATE_MAILSLOT",
    "QUERY_SECURITY",
    "SET_SECURITY",
)
_LOCK_CONTROL: Final = 0x11
_LOCK_MINOR: Final = {1: "LOCK", 2: "UNLOCK_SINGLE", 3: "UNLOCK_ALL", 4: "UNLOCK_ALL_BY_KEY"}


def function_name(major: int | None, minor: int | None) -> str:
    """Name what an IRP asks for: ``IRP_MJ_LOCK_CONTROL/IRP_MN_UNLOCK_SINGLE``, or its numbers."""
    if major is None:
        return "never sent"
    name = f"IRP_MJ_{_MAJOR[major]}" if major < len(_MAJOR) else f"major function 0x{major:02x}"
    if major == _LOCK_CONTROL and minor in _LOCK_MINOR:
        return f"{name}/IRP_MN_{_LOCK_MINOR[minor]}"
    return f"{name}, minor function 0x{minor:02x}" if minor else name
