"""The loop of an audit: whatever a scan does, its target gets one line and the others theirs."""

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path

import pytest
from msgspec.structs import replace

import ntscan
from fixtures.misbehaving import MISBEHAVING
from fixtures.nt_machine import write_drivers
from ntscan.asking import EVERYTHING, load_book
from ntscan.auditing.engine import Engine, local_engine
from ntscan.auditing.job import Job, Target
from ntscan.auditing.limits import Limits
from ntscan.auditing.run import new_job, run
from ntscan.auditing.targets import Plan, Unreachable
from ntscan.errors import EngineError
from ntscan.reporting.report import TargetLine
from ntscan.vocabulary import ScanStatus, Stage, TargetKind

PROJECT = Path(__file__).parents[2]
ORDINARY = "an ordinary line"
MEBIBYTE = 1024 * 1024


@pytest.fixture(autouse=True)
def fork_servers_find_the_fixtures(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A fork server imports what misbehaves, and runs in a folder of the test's own."""
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join(filter(None, (str(PROJECT), os.getenv("PYTHONPATH"))))
    )
    monkeypatch.chdir(tmp_path)


def job(*, seconds: float = 1.0, work: str = MISBEHAVING) -> Job:
    """Make a job whose scans do what the target's name says."""
    limits = Limits(seconds=seconds, memory=256 * MEBIBYTE)
    return replace(new_job(EVERYTHING, load_book(EVERYTHING), limits), work=work)


def plan(*paths: str) -> Plan:
    """Make a plan of files, which need not be there."""
    targets = tuple(Target(path=path, kind=TargetKind.FILE) for path in paths)
    return Plan(targets=targets, unreachable=(), left_out=0, links=0)


def audit(*paths: str, seconds: float = 1.0) -> dict[str, str]:
    """Run an audit with two jobs; return the message of each target's line."""
    with local_engine(2) as engine:
        lines = list(run(plan(*paths), job(seconds=seconds), engine))
    return messages(lines, paths)


def messages(lines: Sequence[TargetLine], paths: Sequence[str]) -> dict[str, str]:
    """Return the message of each line; every target has exactly one."""
    assert Counter(line.target for line in lines) == Counter(paths)
    assert all(line.scan_status is ScanStatus.FAILED for line in lines)
    return {line.target: line.errors[0].message for line in lines}


def fork_servers() -> list[str]:
    """Return the processes, forked children among them, that do misbehaving work of this test."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (process / "cmdline").read_bytes().split(b"\0")
            if MISBEHAVING.encode() in command and (process / "cwd").readlink() == Path.cwd():
                found.append(process.name)
    return found


#: What is wrong with a target, by its name, and what its line must say.
WRONG = (
    ("hangs", "took longer than 2 seconds and was stopped; give it more with --timeout"),
    ("spins", "took longer than 2 seconds"),
    ("hangs-deaf", "took longer than 2 seconds"),
    ("hangs-in-a-child", "took longer than 2 seconds"),
    ("crashes", "crashed: the scanning process was ended by SIGSEGV"),
    ("aborts", "crashed: the scanning process was ended by SIGABRT"),
    ("bombs", "needed more than the 256 MiB of memory .* --memory"),
    ("bombs-as-damage", "needed more than the 256 MiB of memory .* --memory"),
    ("hides-a-bomb", "needed more than the 256 MiB of memory .* --memory"),
    ("is-killed", "was killed from outside twice, as by a system that runs out of memory"),
    ("is-killed-once", ORDINARY),
    ("garbles", "gave a result that is no line of an ntscan audit"),
    ("says-nothing", "gave a result that is no line of an ntscan audit"),
    ("another", "gave the result of another target, plant07"),
    ("floods", "gave a result of more than 67,108,864 bytes"),
    ("leaves", r"ended without a result \(exit code 7\)"),
    ("exits", r"ended without a result \(exit code 80\)"),
    ("raises", "an error inside ntscan: LookupError in _raise, line .*: nobody expected this"),
    ("refuses", r"the disk says no\\x1b\[31m"),
    ("writes", "an error inside ntscan: OSError .* File too large"),
    ("kills-the-watcher", "the process that watches the scan ended unasked"),
    ("talks", ORDINARY),
    ("reads", ORDINARY),
)


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The message of each line of an audit in which every second target does something wrong."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(PROJECT))
        patch.chdir(tmp_path_factory.mktemp("wrong"))
        names = [name for name, _ in WRONG]
        yield audit(*(one for name in names for one in (f"before-{name}", name)), seconds=2)


@pytest.mark.parametrize(("name", "reason"), WRONG)
def test_what_goes_wrong_with_one_target_is_its_line(
    outcome: dict[str, str], name: str, reason: str
) -> None:
    """A hang, a crash, a bomb or garbage fails its own target, with the reason."""
    assert re.search(reason, outcome[name])


def test_what_goes_wrong_with_one_target_changes_no_other(outcome: dict[str, str]) -> None:
    """The targets between them have their ordinary lines."""
    wrong = {name for name, _ in WRONG}
    others = {name: message for name, message in outcome.items() if name not in wrong}
    assert others == {f"before-{name}": ORDINARY for name in wrong}


def test_a_scan_writes_no_file() -> None:
    """Not even where it tries to; a file that it creates stays empty."""
    audit("writes")
    assert sum(file.stat().st_size for file in Path().iterdir()) == 0


def test_nothing_runs_on_after_an_audit() -> None:
    """Neither a fork server nor anything that a scan left behind is there afterwards."""
    audit("hangs-in-a-child", "kills-the-watcher", "plant7")
    assert fork_servers() == []


def test_a_target_that_cannot_be_looked_into_has_a_line_with_the_reason() -> None:
    """A folder that could not be listed is reported as failed, without a scan."""
    place = Unreachable(target=Target(path="locked", kind=TargetKind.DIRECTORY), reason="is locked")
    with local_engine(1) as engine:
        (line,) = run(replace(plan(), unreachable=(place,)), job(), engine)
    assert (line.target, line.kind, line.errors[0].message) == ("locked", "directory", "is locked")
    assert line.errors[0].stage is Stage.OPEN


def test_finished_targets_are_not_scanned_again() -> None:
    """What a journal holds is left out, by the place that its line gives."""
    with local_engine(1) as engine:
        finished = frozenset({f"{Path.cwd()}/a\\x1b", f"{Path.cwd()}/c"})
        lines = list(run(plan("a\x1b", "b", "c"), job(), engine, finished))
    assert [line.target for line in lines] == ["b"]


class CountingExecutor(ThreadPoolExecutor):
    """Counts the tasks that were handed over and are not done."""

    under_way = 0
    most = 0

    def submit(self, *args, **kwargs):  # type: ignore[no-untyped-def]  # noqa: ANN201, ANN002, ANN003  as above
        """Count one more."""
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        future: Future[object] = super().submit(*args, **kwargs)
        future.add_done_callback(self._done)
        return future

    def _done(self, _: Future[object]) -> None:
        self.under_way -= 1


def test_few_tasks_are_under_way_however_many_targets_there_are() -> None:
    """An audit of ten thousand targets hands over only as many as keep the executor busy."""
    with CountingExecutor(2) as executor:
        paths = [str(number) for number in range(100)]
        lines = list(run(plan(*paths), job(), Engine(executor=executor, slots=2)))
    messages(lines, paths)
    assert executor.most == 6


def test_an_executor_that_is_lost_ends_the_audit_and_fails_no_target() -> None:
    """Cancelled tasks are no verdict on their targets: the audit stops and can go on later."""

    class Lost(ThreadPoolExecutor):
        def submit(self, *_args, **_kwargs):  # type: ignore[no-untyped-def]  # noqa: ANN202, ANN002, ANN003
            future: Future[object] = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future

    lost = pytest.raises(EngineError, match=r"what runs the scans was lost .* is kept")
    with Lost(1) as executor, lost:
        list(run(plan("a", "b"), job(), Engine(executor=executor, slots=1)))


def test_an_executor_that_takes_no_task_ends_the_audit() -> None:
    """One that is broken or closed is lost too."""
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    with pytest.raises(EngineError, match="cannot schedule new futures"):
        list(run(plan("a"), job(), Engine(executor=executor, slots=1)))


def test_a_worker_with_other_rules_says_so() -> None:
    """The rules' digest is compared where the scan runs; another one fails the target."""
    asked = job(work="ntscan.auditing.scan_target:prepare")
    other = replace(asked, rules=replace(asked.rules, digest="sha256:0"))
    with local_engine(1) as engine:
        found = messages(list(run(plan("a"), other, engine)), ["a"])
    assert "are not those that the audit was started with (sha256:0)" in found["a"]


def test_closing_the_iterator_ends_what_runs() -> None:
    """Who has seen enough closes the audit, and a hanging scan does not hold it up."""
    started = time.monotonic()
    with local_engine(2) as engine:
        lines = run(plan("plant7", "hangs", "hangs-deaf"), job(seconds=60), engine)
        assert next(lines).target == "plant7"
        lines.close()
    assert time.monotonic() - started < 20


def test_killing_the_audit_ends_its_scans(tmp_path: Path) -> None:
    """After kill -9 of the auditing process nothing that it started runs on."""
    program = (
        "from tests.auditing.test_run import *\n"
        "with local_engine(2) as engine:\n"
        "    for line in run(plan('plant7', 'hangs', 'spins'), job(seconds=600), engine):\n"
        "        print(line.target, flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=tmp_path, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "plant7\n"
        time.sleep(0.5)
        process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and fork_servers():
        time.sleep(0.1)
    assert fork_servers() == []


def test_the_python_interface_yields_a_line_a_target(tmp_path: Path) -> None:
    """``ntscan.audit`` finds the machines of a folder and judges each."""
    for name, build in (("a", "SP6a"), ("b", "Q242896")):
        write_drivers(tmp_path / "estate" / name, build)
    lines = ntscan.audit("estate", jobs=2, limits=ntscan.Limits(seconds=30))
    found = {line.target: line.findings[0].status for line in lines}
    assert found == {"estate/a": "affected", "estate/b": "fixed"}


def test_any_executor_runs_an_audit(tmp_path: Path) -> None:
    """A pool of processes does as well as threads."""
    for name in "abc":
        write_drivers(tmp_path / "estate" / name, "SP6a")
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        lines = ntscan.audit("estate", engine=ntscan.Engine(executor=executor, slots=2))
        assert sorted(line.target for line in lines) == ["estate/a", "estate/b", "estate/c"]


def test_a_scan_imports_nothing_from_where_the_audit_runs(tmp_path: Path) -> None:
    """A module in the folder of the evidence, named as Python's own, is never run."""
    for name in ("select", "pickle", "msgspec", "ntscan"):
        (tmp_path / f"{name}.py").write_text("open('ran', 'w')\n")
    write_drivers(tmp_path / "estate", "SP6a")
    assert [line.scan_status for line in ntscan.audit("estate")] == ["complete"]
    assert not (tmp_path / "ran").exists()
    assert os.getcwd() == str(tmp_path)  # noqa: PTH109  as the fork server sees it
