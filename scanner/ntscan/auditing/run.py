"""The loop of an audit: tasks go to an executor, and lines come back as targets finish."""

import uuid
from collections.abc import Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from itertools import islice
from typing import Final

from ntscan.asking import EVERYTHING, current_folder, load_book, now
from ntscan.auditing.engine import Engine, local_engine
from ntscan.auditing.failed import failed_line
from ntscan.auditing.job import Job, Target
from ntscan.auditing.limits import Limits, refuse_without_limits
from ntscan.auditing.targets import Plan, find_targets
from ntscan.auditing.task import audit_target
from ntscan.errors import EngineError
from ntscan.reporting.report import Options, RulesUsed, TargetLine
from ntscan.rulebook.advisory import RuleBook
from ntscan.sources.stated_hashes import read_stated_hashes
from ntscan.vocabulary import Stage

#: Tasks handed over for each that runs, so that none waits for its next; a bound on memory too.
_HANDED_OVER: Final = 3


def audit(
    *paths: str,
    options: Options = EVERYTHING,
    limits: Limits | None = None,
    jobs: int | None = None,
    engine: Engine | None = None,
) -> Generator[TargetLine, None, None]:
    """Find the targets below the paths and yield the line of each as it finishes, in any order.

    Every scan runs in a process of its own within ``limits``; what goes wrong with one target is
    its line. ``jobs`` run at a time on this machine, or ``engine`` runs them elsewhere. Closing
    the iterator ends the audit. Raises UsageError where a rule does not load or this operating
    system knows no limits, and EngineError where the engine is lost.
    """
    refuse_without_limits()
    book = load_book(options)
    job = new_job(options, book, limits or Limits())
    plan = plan_audit(paths, book, options)
    if engine is not None:
        yield from run(plan, job, engine)
        return
    with local_engine(jobs) as local:
        yield from run(plan, job, local)


def new_job(options: Options, book: RuleBook, limits: Limits) -> Job:
    """Make the job of a new audit."""
    rules = RulesUsed(count=len(book.advisories), digest=book.digest)
    return Job(
        identity=uuid.uuid4().hex,
        folder=current_folder(),
        options=options,
        rules=rules,
        limits=limits,
    )


def plan_audit(paths: Iterable[str], book: RuleBook, options: Options) -> Plan:
    """Find the targets below the paths; see find_targets.

    Raises UsageError where one digest was stated for the images, and there are several targets.
    """
    plan = find_targets(paths, {advisory.file_name for advisory in book.advisories})
    read_stated_hashes(options.image_hash, len(plan.targets))
    return plan


def run(
    plan: Plan, job: Job, engine: Engine, finished: frozenset[str] = frozenset()
) -> Generator[TargetLine, None, None]:
    """Yield the line of each target of a plan but the ``finished`` ones, known by their places.

    Few tasks are under way at any time, however many targets there are.
    """
    since = now()
    for place in plan.unreachable:
        if job.place(place.target) not in finished:
            yield failed_line(job, place.target, place.reason, Stage.OPEN, since=since)
    waiting = (target for target in plan.targets if job.place(target) not in finished)
    pending: dict[Future[TargetLine], Target] = {}
    try:
        while True:
            for target in islice(waiting, engine.slots * _HANDED_OVER - len(pending)):
                pending[_submit(engine, job, target)] = target
            if not pending:
                return
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                yield _line(future, job, pending.pop(future))
    finally:
        for future in pending:
            future.cancel()
        engine.end(job.identity)


def _submit(engine: Engine, job: Job, target: Target) -> Future[TargetLine]:
    try:
        return engine.executor.submit(audit_target, job, target)
    except Exception as error:
        # The edge of an executor, as below; one that is broken or closed takes no task.
        raise _lost(error) from error


def _line(future: Future[TargetLine], job: Job, target: Target) -> TargetLine:
    try:
        return future.result()
    except (CancelledError, EngineError) as error:
        raise _lost(error) from error
    except Exception as error:  # noqa: BLE001  the edge of an executor: it raises what it likes
        reason = f"the worker could not scan it: {type(error).__name__}: {error}"
        return failed_line(job, target, reason, since=now())


def _lost(error: BaseException) -> EngineError:
    return EngineError(
        f"what runs the scans was lost ({str(error) or type(error).__name__}); what is finished "
        "is kept"
    )
