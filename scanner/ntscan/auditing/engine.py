"""What runs the tasks of an audit: an executor, and how many tasks it runs at a time."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

from msgspec import Struct

from ntscan.auditing.task import end_audit


class Engine(Struct, frozen=True, kw_only=True):
    """An executor that runs ``slots`` tasks at a time.

    ``end`` ends what an audit still has running, wherever that is, by the audit's identity.
    """

    executor: Executor
    slots: int
    end: Callable[[str], None] = end_audit


@contextmanager
def local_engine(jobs: int | None = None) -> Iterator[Engine]:
    """Run tasks on this machine, one a thread, since each waits for a process of its own.

    ``jobs`` is how many at a time; without it, as many as this process may use processors.
    """
    slots = jobs or _processors()
    with ThreadPoolExecutor(slots, thread_name_prefix="audit") as executor:
        yield Engine(executor=executor, slots=slots)


def _processors() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1
