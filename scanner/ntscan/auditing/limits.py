"""What the scan of one target may take, and what holds it to that."""

import os
import re
import sys
from contextlib import suppress
from math import ceil
from pathlib import Path
from typing import Final

from msgspec import Struct

from ntscan.errors import UsageError

_GIBIBYTE: Final = 1024**3
#: Bytes of address space beyond the memory limit, in which a scan is seen to have passed it.
_HEADROOM: Final = 256 * 1024 * 1024
#: Processor seconds beyond the time limit, after which a scan that nobody watches any more ends.
_GRACE: Final = 5
#: The most address space that a process ever had, in units of 1,024 bytes: see proc(5).
_PEAK: Final = re.compile(rb"^VmPeak:\s*(\d+) kB$", re.MULTILINE)


class Limits(Struct, frozen=True, kw_only=True):
    """The most that one scan may take: ``seconds`` by the clock, ``memory`` in bytes.

    The memory is the address space of the scanning process, Python and all that is mapped included.
    """

    seconds: float = 120.0
    memory: int = _GIBIBYTE


def refuse_without_limits() -> None:
    """Refuse an operating system that cannot hold a scan to its limits; raises UsageError."""
    # macOS has fork and setrlimit, but refuses RLIMIT_AS.
    if not hasattr(os, "fork") or sys.platform == "darwin":
        raise UsageError(
            "audit holds every scan to a time and a memory limit, and this operating system has "
            "no fork, or no limit on memory; run it on Linux (on Windows: in WSL), or scan the "
            "targets one by one with `ntscan check`"
        )


def hold_this_process_to(limits: Limits) -> None:
    """Let this process take no more than the limits, write no file and leave no core dump.

    The kernel refuses memory only beyond a headroom: C libraries answer a refusal with errors that
    read as damage of what they read. So a smaller request that fails was made beyond the limit,
    and whoever ``has_passed`` that has found nothing that counts.
    """
    import resource  # noqa: PLC0415  Windows has none, and is refused before

    most = {
        resource.RLIMIT_AS: limits.memory + _HEADROOM,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CPU: ceil(limits.seconds) + _GRACE,
    }
    # Where all scans together take more than there is, Linux ends one of them, and nothing else.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")
    for limit, wanted in most.items():
        _, hard = resource.getrlimit(limit)
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(limit, (allowed, allowed))


def has_passed(limits: Limits) -> bool:
    """Say whether this process ever had more memory than the limit."""
    with suppress(OSError):
        found = _PEAK.search(Path("/proc/self/status").read_bytes())
        return found is not None and int(found[1]) * 1024 > limits.memory
    return False
