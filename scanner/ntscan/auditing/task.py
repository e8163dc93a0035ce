"""One target, as any executor runs it: a function of a module, with arguments that travel."""

import os
import pickle
import threading
from typing import Final

from ntscan.asking import now
from ntscan.auditing.failed import failed_line
from ntscan.auditing.job import Job, Target
from ntscan.auditing.watcher import Watcher
from ntscan.errors import EngineError, ReportError, ScanFailed
from ntscan.reporting.harmless import harmless
from ntscan.reporting.ndjson import decode_line
from ntscan.reporting.report import TargetLine

#: How often a target is tried whose fork server ends unasked, as one does that the system kills.
_TRIES: Final = 2

#: The fork server of each thread of this process that runs tasks, with the audit it belongs to.
_watchers: dict[int, tuple[str, Watcher]] = {}
_ended: set[str] = set()
_lock: Final = threading.Lock()


def audit_target(job: Job, target: Target) -> TargetLine:
    """Scan a target in a watched process and return its line.

    The thread that runs this keeps its fork server for the next target. Raises EngineError where
    the audit was ended meanwhile, and nothing else: what goes wrong is a failed line.
    """
    since = now()
    reason = ""
    for _ in range(_TRIES):
        watcher = None
        try:
            watcher = _watcher(job)
            return _checked(target, watcher.ask(os.fsencode(target.path)))
        except ScanFailed as error:
            return failed_line(job, target, str(error), since=since)
        except EngineError as error:
            reason = str(error)
            if watcher is not None:
                _forget(watcher)
    if job.identity in _ended:
        raise EngineError("the audit was ended")
    return failed_line(job, target, reason, since=since)


def end_audit(identity: str) -> None:
    """End the fork servers that this process has for an audit, with what they scan just now."""
    with _lock:
        _ended.add(identity)
        ending = [thread for thread, (owner, _) in _watchers.items() if owner == identity]
        watchers = [_watchers.pop(thread)[1] for thread in ending]
    for watcher in watchers:
        watcher.stop()


def _watcher(job: Job) -> Watcher:
    """Return this thread's fork server for an audit; one of another audit makes way."""
    thread = threading.get_ident()
    with _lock:
        owner, watcher = _watchers.get(thread, (None, None))
    if watcher is not None and owner == job.identity:
        return watcher
    if watcher is not None:
        watcher.stop()
    watcher = Watcher(job.work, pickle.dumps(job), job.limits)
    with _lock:
        if job.identity not in _ended:
            _watchers[thread] = job.identity, watcher
            return watcher
    watcher.stop()
    raise EngineError("the audit was ended")


def _forget(watcher: Watcher) -> None:
    """Let go of a fork server that has ended."""
    with _lock:
        if _watchers.get(threading.get_ident(), (None, None))[1] is watcher:
            del _watchers[threading.get_ident()]
    watcher.stop()


def _checked(target: Target, data: bytes) -> TargetLine:
    """Read what a scanning process wrote; a damaged one can write anything."""
    try:
        line = decode_line(data)
    except ReportError as error:
        raise ScanFailed(f"the scanning process gave a result that {error}") from error
    if line.target != harmless(target.path):
        raise ScanFailed(f"the scanning process gave the result of another target, {line.target}")
    return line
