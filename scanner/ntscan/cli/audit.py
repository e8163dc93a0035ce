"""``ntscan audit PATH...``: scan many targets, a line each as it finishes."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from ntscan.auditing.limits import Limits, refuse_without_limits
from ntscan.cli import options as cli
from ntscan.cli.interruption import interruption
from ntscan.cli.output import print_whole
from ntscan.errors import EngineError, UsageError
from ntscan.reporting.harmless import harmless
from ntscan.vocabulary import FailOn

if TYPE_CHECKING:
    from ntscan.auditing.engine import Engine
    from ntscan.auditing.job import Job
    from ntscan.auditing.targets import Plan
    from ntscan.reporting.report import TargetLine
    from ntscan.reporting.tally import Tally

_DEFAULT: Final = Limits()


def audit(  # noqa: PLR0913, PLR0917  one parameter an option: Typer reads them from the signature
    paths: cli.AuditPaths,
    output: cli.Journal = None,
    resume: cli.Resume = None,
    jobs: cli.Jobs = None,
    timeout: cli.Timeout = _DEFAULT.seconds,
    memory: cli.Memory = _DEFAULT.memory,
    rule: cli.RuleIds = None,
    rules: cli.RulesDirectory = None,
    service_pack: cli.KnownServicePack = None,
    product: cli.KnownProduct = None,
    fail_on: cli.Failing = FailOn.AFFECTED,
    thorough: cli.Thorough = False,
    image_hash: cli.ImageHash = None,
    hash_images: cli.HashImages = False,
    machine_code: cli.MachineCode = None,
    no_model: cli.NoModel = False,
    engine: cli.OnEngine = cli.EngineKind.LOCAL,
    scheduler: cli.Scheduler = None,
) -> None:
    """Scan many targets, each in a process of its own; a line of JSON as each finishes.

    Exit code: as of check. What could not be scanned, or not before the audit was interrupted,
    makes it 3, unless something is affected.
    """
    # Imported here, so that the other commands and --help start without them.
    from ntscan.asking import load_book  # noqa: PLC0415
    from ntscan.auditing.job import place_of  # noqa: PLC0415
    from ntscan.auditing.run import new_job, plan_audit, run  # noqa: PLC0415
    from ntscan.reporting.exit_code import choose_exit_code  # noqa: PLC0415
    from ntscan.reporting.report import Options  # noqa: PLC0415
    from ntscan.reporting.tally import Tally, summary_sentence  # noqa: PLC0415

    refuse_without_limits()
    asked = Options(
        rules=tuple(rule or ()),
        rules_directory=None if rules is None else str(rules),
        service_pack=service_pack,
        product=product,
        model=not no_model,
        thorough=thorough,
        image_hash=image_hash,
        hash_images=hash_images,
        machine_code=machine_code,
    )
    if output is not None and resume is not None and output != resume:
        raise UsageError(f"{output}: is not {resume}; name the file of the audit once")
    book = load_book(asked)
    job = new_job(asked, book, Limits(seconds=timeout, memory=memory))
    tally, finished = Tally(), set[str]()

    def count(line: "TargetLine") -> None:
        tally.add(line)
        finished.add(place_of(line))

    ended = "interrupted"
    try:
        with ExitStack() as stack:
            signals = stack.enter_context(interruption())
            append = stack.enter_context(_sink(output, resume, job, count))
            plan = plan_audit(_expand(paths), book, asked)
            _say(_left_out(plan))
            runner = stack.enter_context(_engine(engine, jobs, scheduler))
            lines = stack.enter_context(closing(run(plan, job, runner, frozenset(finished))))
            known = finished | {job.place(target) for target in plan.all()}
            show = stack.enter_context(_progress(tally, len(known), output or resume))
            for line in lines:
                with signals.held():
                    append(line)
                    count(line)
                show(tally)
        ended = ""
    except KeyboardInterrupt:
        pass
    except (EngineError, BrokenPipeError) as error:
        ended = str(error)
    _say(summary_sentence(tally.summary, tally.partial))
    if ended:
        going_on = "; go on with --resume" if output or resume else ""
        _say(f"ntscan: the audit did not come to its end: {ended}{going_on}")
    raise typer.Exit(
        choose_exit_code(tally.summary, fail_on, unscanned=bool(ended) or not tally.scanned_whole)
    )


def _engine(
    kind: cli.EngineKind, jobs: int | None, scheduler: str | None
) -> AbstractContextManager["Engine"]:
    """Choose what runs the scans; an option that would change nothing is refused."""
    if kind is cli.EngineKind.DASK:
        from ntscan.auditing.dask_engine import dask_engine  # noqa: PLC0415  fast start

        if scheduler is None:
            raise UsageError("--engine dask needs --scheduler, such as tcp://host:8786")
        if jobs is not None:
            raise UsageError("--jobs is for one machine; on a cluster its workers' threads count")
        return dask_engine(scheduler)
    from ntscan.auditing.engine import local_engine  # noqa: PLC0415  fast start

    if scheduler is not None:
        raise UsageError("--scheduler is for --engine dask; add that, or leave it out")
    return local_engine(jobs)


@contextmanager
def _sink(
    output: Path | None, resume: Path | None, job: "Job", count: Callable[["TargetLine"], None]
) -> Iterator[Callable[["TargetLine"], None]]:
    """Open what lines are appended to: the file of the audit, or standard output."""
    from ntscan.auditing.journal import open_journal  # noqa: PLC0415  fast start
    from ntscan.reporting.ndjson import encode_line  # noqa: PLC0415  fast start

    file = output or resume
    if file is None:
        yield lambda line: print_whole(encode_line(line))
        return
    with open_journal(file, job, resume=resume is not None, seen=count) as journal:
        yield journal.append


@contextmanager
def _progress(tally: "Tally", total: int, file: Path | None) -> Iterator[Callable[["Tally"], None]]:
    """Show progress on a terminal, unless the lines themselves are shown on one."""
    shows_lines = file is None and sys.stdout is not None and sys.stdout.isatty()
    if shows_lines or sys.stderr is None or not sys.stderr.isatty():
        yield lambda _: None
        return
    from ntscan.reporting.progress import audit_progress  # noqa: PLC0415  fast start

    with audit_progress(tally, total) as progress:
        yield progress.show


def _expand(paths: Iterable[str]) -> Iterator[str]:
    """Yield the paths, with those that standard input lists where ``-`` stands."""
    for path in paths:
        if path != "-":
            yield path
            continue
        if sys.stdin is None:
            raise UsageError("standard input is closed; give the paths on the command line")
        listed = [line.rstrip(b"\r\n") for line in sys.stdin.buffer]
        if not any(listed):
            raise UsageError("standard input lists no path; write one a line")
        yield from (os.fsdecode(line) for line in listed if line)


def _left_out(plan: "Plan") -> str:
    files = "1 file" if plan.left_out == 1 else f"{plan.left_out:,} files"
    links = "1 symbolic link" if plan.links == 1 else f"{plan.links:,} symbolic links"
    kinds = []
    if plan.left_out:
        kinds.append(f"{files} that no rule names and that hold no disk")
    if plan.links:
        kinds.append(f"{links}, since links are not followed")
    return f"left out: {'; '.join(kinds)}" if kinds else ""


def _say(sentence: str) -> None:
    if sentence:
        typer.echo(harmless(sentence), err=True)
