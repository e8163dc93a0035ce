"""One piece of work in a forked child, watched: it ends in time, and whatever it does, alone."""

import os
import select
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Never, TypeAlias

from ntscan.auditing.frames import write_all
from ntscan.auditing.limits import Limits, has_passed, hold_this_process_to
from ntscan.errors import EngineError, NtscanError, ScanFailed

#: What is done with each target: bytes in, bytes out.
Work: TypeAlias = Callable[[bytes], bytes]

#: Bytes of one result; the longest of an honest system is below a thousandth of them.
LONGEST_RESULT: Final = 64 * 1024 * 1024

_CHUNK: Final = 1 << 16
_RAISED: Final = 80
_OUT_OF_MEMORY: Final = 81
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
        _work(work, payload, limits, writer)
    os.close(writer)
    try:
        data = _collect(reader, keep_out[0], limits)
    finally:
        os.close(reader)
        _kill(child)
        status = _reap(child)
    return data, status


def _work(work: Work, payload: bytes, limits: Limits, writer: int) -> Never:
    """Do the work and end, in the child; nothing that it does or raises leaves this function."""
    code = _RAISED
    try:
        os.setpgid(0, 0)
        os.dup2(1, 2)  # Standard output leads nowhere; what a library complains of goes there too.
        hold_this_process_to(limits)
        ending, said = _do(work, payload)
        if has_passed(limits):
            ending = _OUT_OF_MEMORY
        else:
            write_all(writer, said)
        code = ending
    except MemoryError:
        code = _OUT_OF_MEMORY
    finally:
        os._exit(code)


def _do(work: Work, payload: bytes) -> tuple[int, bytes]:
    """Do the work; return the exit code, and the result or what went wrong."""
    try:
        return 0, work(payload)
    except MemoryError:
        raise
    except NtscanError as error:
        return _RAISED, str(error).encode("utf-8", "surrogateescape")
    except Exception as error:  # noqa: BLE001  the edge of the child: one target fails, not all
        return _RAISED, _place(error).encode("utf-8", "backslashreplace")


def _place(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "" if trace is None else f" in {trace.tb_frame.f_code.co_name}, line {trace.tb_lineno}"
    kind = type(error).__name__
    return f"an error inside ntscan: {kind}{where}: {error}; please report it with the target"


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
        case int() if status == _RAISED and data:
            raise ScanFailed(data.decode("utf-8", "surrogateescape"))
        case int() if status == _OUT_OF_MEMORY:
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
