"""The zone of this process as UTC, while a C library turns wall clock into seconds with it."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def zone_of_utc() -> Iterator[None]:
    """Make this process's zone UTC, and what it was afterwards.

    The zone belongs to the process: who uses this sees to it that one thread does at a time.

    Windows has no ``tzset``: there the C library reads the zone once, before this could change it.
    """
    before = os.environ.get("TZ")
    os.environ["TZ"] = "UTC0"
    _tell_c_library()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        _tell_c_library()


def _tell_c_library() -> None:
    if hasattr(time, "tzset"):
        time.tzset()
