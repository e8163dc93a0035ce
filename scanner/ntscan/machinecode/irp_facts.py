"""What grading asks of an IRP."""

from typing import Final

from ntscan.machinecode.kernel.request import Request
from ntscan.machinecode.traced import FreedBy

IRP_MJ_LOCK_CONTROL: Final = 0x11
IRP_MN_UNLOCK_SINGLE: Final = 0x02


def is_article_request(request: Request) -> bool:
    """Say whether an IRP is the article's: an unlock, after FastIoUnlockSingle answered FALSE."""
    return asks_to_unlock(request) and request.answers_before[-1:] == (False,)


def is_freed_twice(request: Request) -> bool:
    """Say whether the driver freed an IRP that was freed more than once."""
    by_driver = sum(site.by is not FreedBy.IO_MANAGER for site in request.free_sites)
    return by_driver > 0 and len(request.free_sites) > 1


def asks_to_unlock(request: Request) -> bool:
    """Say whether an IRP was sent with IRP_MJ_LOCK_CONTROL / IRP_MN_UNLOCK_SINGLE."""
    return any(
        (send.major, send.minor) == (IRP_MJ_LOCK_CONTROL, IRP_MN_UNLOCK_SINGLE)
        for send in request.sends
    )
