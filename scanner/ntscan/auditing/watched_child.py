"""One piece of work in a forked child, watched: it ends in time, and whatever it does, alone."""

import os
import select
import signal
import time
from contextlib import suppress
from typing import Final

from ntscan.auditing.child import OUT_OF_MEMORY, RAISED, Work, do_and_end
from ntscan.auditing.limits import Limits
from ntscan.errors import EngineError, ScanFailed

#: Bytes of one result; the longest of an honest system is below a thousandth of them.
LONGEST_RESULT: Final = 64 * 1024 * 1024

_CHUNK: Final = 1 << 16
#: Seconds that a killed child may take to be gone; one that waits for a dead disk can take longer.
_PATIENCE: Final = 5.0


def run_watched(work: Work, payload: bytes, limits: Limits, keep_out: tuple[int, int]) -> bytes:
    """Do the work in a forked child and return its result.

    ``keep_out`` are the descriptors of the requests and the replies, which the child must not hold;
    the first is watched too, since it ends with who asked. Raises ScanFailed with the reason where
    there is no result, and EngineError where nobody waits for one any more. A child that is killed
    from outside says nothing of the work, which is tried once more.
    """
    data, status = _run(work, payload, limits, keep_out)
    if status == -signal.SIGKILL:
        data, status = _run(work, payload, limits, keep_out)
    return _result(data, status, limits)


def _run(
    work: Work, payload: bytes, limits: Limits, keep_out: tuple[int, int]
) -> tuple[bytes, int | None]:
    """Do the work in a child; return what it wrote and how it ended."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        for descriptor in (reader, *keep_out):
            os.close(descriptor)
        do_and_end(work, payload, limits, writer)
    os.close(writer)
    try:
        data = _collect(reader, keep_out[0], limits)
    finally:
        os.close(reader)
        _kill(child)
        status = _reap(child)
    return data, status


def _collect(reader: int, requests: int, limits: Limits) -> bytes:
    """Collect what the child writes until it closes its end."""
    deadline = time.monotonic() + limits.seconds
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    poll.register(requests, select.POLLIN)
    data = bytearray()
    while True:
        left = deadline - time.monotonic()
        ready = [descriptor for descriptor, _ in poll.poll(max(left, 0) * 1000)]
        if requests in ready:  # No request comes before the reply: this is its end.
            raise EngineError("nobody waits for the result")
        if not ready:
            raise ScanFailed(
                f"took longer than {limits.seconds:g} seconds and was stopped; give it more with "
                "--timeout, or scan it by itself with `ntscan check`"
            )
        part = os.read(reader, _CHUNK)
        if not part:
            return bytes(data)
        data += part
        if len(data) > LONGEST_RESULT:
            raise ScanFailed(f"gave a result of more than {LONGEST_RESULT:,} bytes")


def _kill(child: int) -> None:
    """Kill the child and whatever it started; a child that is ending keeps its exit code."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)


def _reap(child: int) -> int | None:
    """Wait for a killed child; ``None`` where the kernel cannot end it yet."""
    deadline, pause = time.monotonic() + _PATIENCE, 0.0002
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(pause)
        pause = min(2 * pause, 0.05)
    return None


def _result(data: bytes, status: int | None, limits: Limits) -> bytes:
    match status:
        case 0:
            return data
        case int() if status == RAISED and data:
            raise ScanFailed(data.decode("utf-8", "surrogateescape"))
        case int() if status == OUT_OF_MEMORY:
            raise ScanFailed(
                f"needed more than the {limits.memory / 1024**2:,.0f} MiB of memory that it may "
                "take; give it more with --memory"
            )
        case int() if status == -signal.SIGKILL:
            raise ScanFailed(
                "the scanning process was killed from outside twice, as by a system that runs out "
                "of memory; scan it again with fewer --jobs"
            )
        case int() if status < 0:
            name = signal.Signals(-status).name
            raise ScanFailed(f"crashed: the scanning process was ended by {name}")
        case None:
            raise ScanFailed("the scanning process was stopped and does not end; see its disk")
        case _:
            raise ScanFailed(f"the scanning process ended without a result (exit code {status})")
