"""What a watched child does: the work, within its limits, and then its end."""

import os
from collections.abc import Callable
from typing import Final, Never, TypeAlias

from ntscan.auditing.frames import write_all
from ntscan.auditing.limits import Limits, has_passed, hold_this_process_to
from ntscan.errors import NtscanError

#: What is done with each target: bytes in, bytes out.
Work: TypeAlias = Callable[[bytes], bytes]

#: How a child ends: the work raised an error, whose sentence it wrote; or it lacked memory.
RAISED: Final = 80
OUT_OF_MEMORY: Final = 81


def do_and_end(work: Work, payload: bytes, limits: Limits, writer: int) -> Never:
    """Do the work and end, in the child; nothing that it does or raises leaves this function."""
    code = RAISED
    try:
        os.setpgid(0, 0)
        os.dup2(1, 2)  # Standard output leads nowhere; what a library complains of goes there too.
        hold_this_process_to(limits)
        ending, said = _do(work, payload)
        if has_passed(limits):
            ending = OUT_OF_MEMORY
        else:
            write_all(writer, said)
        code = ending
    except MemoryError:
        code = OUT_OF_MEMORY
    finally:
        os._exit(code)


def _do(work: Work, payload: bytes) -> tuple[int, bytes]:
    """Do the work; return the exit code, and the result or what went wrong."""
    try:
        return 0, work(payload)
    except MemoryError:
        raise
    except NtscanError as error:
        return RAISED, str(error).encode("utf-8", "surrogateescape")
    except Exception as error:  # noqa: BLE001  the edge of the child: one target fails, not all
        return RAISED, _place(error).encode("utf-8", "backslashreplace")


def _place(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "" if trace is None else f" in {trace.tb_frame.f_code.co_name}, line {trace.tb_lineno}"
    kind = type(error).__name__
    return f"an error inside ntscan: {kind}{where}: {error}; please report it with the target"
