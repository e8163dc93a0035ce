"""A Dask cluster as the engine of an audit; the only module that knows Dask."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from ntscan.auditing.engine import Engine
from ntscan.auditing.task import end_audit
from ntscan.errors import UsageError
from ntscan.version import VERSION

if TYPE_CHECKING:
    from distributed import Client

#: Seconds in which the scheduler must answer.
_PATIENCE: Final = 10


@contextmanager
def dask_engine(scheduler: str) -> Iterator[Engine]:
    """Run tasks on the workers of a cluster, by its scheduler's address: ``tcp://host:8786``.

    Each worker reads the targets, and rules of the user's own, by the paths that they have here.
    Raises UsageError where the cluster cannot be used.
    """
    try:
        from distributed import Client  # noqa: PLC0415  an extra, and slow to import
    except ImportError as error:
        raise UsageError(
            "--engine dask needs Dask, which is not installed; `pip install 'ntscan[cluster]'`"
        ) from error
    # Dask tells of lost connections with stack traces; ours is one sentence.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        client = Client(scheduler, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UsageError(f"{scheduler}: no Dask scheduler answers there: {error}") from error
    with client:
        _refuse_other_workers(client.run(worker_version, on_error="return"), scheduler)
        yield Engine(
            executor=client.get_executor(pure=False),
            slots=sum(client.nthreads().values()),
            end=lambda identity: _end_on_workers(client, identity),
        )


def worker_version() -> str:
    """Say which ntscan a worker has; it is run there."""
    return VERSION


def _end_on_workers(client: "Client", identity: str) -> None:
    """End what the workers still scan; those of a cluster that is lost end by themselves."""
    if client.status == "running":
        with suppress(OSError):
            client.run(end_audit, identity, on_error="ignore")


def _refuse_other_workers(versions: dict[str, object], scheduler: str) -> None:
    if not versions:
        raise UsageError(f"{scheduler}: the cluster has no workers; start some")
    for worker, version in versions.items():
        if version != VERSION:
            raise UsageError(
                f"{worker}: this worker has not ntscan {VERSION}, but says {version!s}; install "
                "the same on every worker"
            )
