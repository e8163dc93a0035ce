"""A process that forks a watched child for each request: ``python -m`` this, over two pipes.

It has everything imported and prepared, so that a target does not pay for Python's start. It is a
program of its own and not a ``multiprocessing.Process``, since those are forbidden in the daemonic
workers of clusters. It ends with who started it: when its standard input does.
"""

import gc
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Final, TypeAlias

from ntscan.auditing.child import Work
from ntscan.auditing.frames import read_frame, write_frame
from ntscan.auditing.limits import Limits
from ntscan.auditing.watched_child import run_watched
from ntscan.errors import EngineError, NtscanError, ScanFailed
from ntscan.garbage import YOUNG_OBJECTS

#: What makes the work from the first message, before any target comes.
Prepare: TypeAlias = Callable[[bytes], Work]

#: The first byte of a reply: a result follows, or the sentence that says why there is none.
RESULT: Final = b"R"
FAILURE: Final = b"F"


def serve(prepare: Prepare, limits: Limits) -> None:
    """Answer requests until standard input ends."""
    requests, replies = _take_standard_streams()
    setup = read_frame(requests)
    if setup is None:
        return
    try:
        work = prepare(setup)
    except NtscanError as error:
        write_frame(replies, FAILURE + _encode(error))
        return
    write_frame(replies, RESULT)
    # What is here now is never garbage; a collection in a child would copy all its pages.
    gc.freeze()
    while (payload := read_frame(requests)) is not None:
        try:
            reply = RESULT + run_watched(work, payload, limits, (requests, replies))
        except ScanFailed as error:
            reply = FAILURE + _encode(error)
        except EngineError:
            return
        write_frame(replies, reply)


def _take_standard_streams() -> tuple[int, int]:
    """Move the pipes away from 0 and 1, where a library could write into them."""
    requests, replies = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    return requests, replies


def _encode(error: NtscanError) -> bytes:
    return str(error).encode("utf-8", "surrogateescape")


def main() -> None:
    """Take ``MODULE:FUNCTION SECONDS BYTES`` from the command line, and serve."""
    gc.set_threshold(YOUNG_OBJECTS)
    name, seconds, memory = sys.argv[1:]
    module, _, function = name.partition(":")
    prepare: Prepare = getattr(import_module(module), function)
    with suppress(BrokenPipeError):  # Who asked is gone, and with it the need for an answer.
        serve(prepare, Limits(seconds=float(seconds), memory=int(memory)))
    os._exit(0)  # Nothing is left to flush; to take every module down would hold the audit up.


if __name__ == "__main__":
    main()
