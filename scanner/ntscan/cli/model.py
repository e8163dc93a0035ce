"""``ntscan model``: the bundled driver model by itself."""

import os
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from ntscan.cli.options import Format, Output, ReportFormat
from ntscan.cli.output import refuse_to_overwrite, write_output, write_page
from ntscan.drivermodel.layouts import Platform
from ntscan.drivermodel.policies import Allocator, Completion, Policies, Refusal
from ntscan.drivermodel.workload import ASSUMPTIONS as WORKLOAD_ASSUMPTIONS
from ntscan.drivermodel.workload import SMALLEST_RATE, Pattern, every_nth
from ntscan.vocabulary import Behaviour

app = typer.Typer(
    help="Run the bundled driver model: what an unfixed driver does to a kernel, and a fixed one.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

_Policy: TypeAlias = Annotated[
    Allocator, typer.Option("--policy", help="Where free IRPs are kept; no source states it.")
]
_TypeCheck: TypeAlias = Annotated[
    bool, typer.Option("--type-check", help="Let IoFreeIrp check the IRP's Type, as NT 5 does.")
]
_Platform: TypeAlias = Annotated[Platform, typer.Option(help="Whose structure layouts to use.")]
_When: TypeAlias = Annotated[
    Completion, typer.Option("--completion", help="When the file system completes an unlock.")
]
_Svg: TypeAlias = Annotated[
    Path | None, typer.Option("--svg", metavar="FILE", help="Draw the result into an SVG file.")
]


def _possible_rate(rate: float | None) -> float | None:
    """Refuse a share that no run could show, and what is no number."""
    if rate is None or rate == 0 or SMALLEST_RATE <= rate <= 1:
        return rate
    raise typer.BadParameter(f"{rate:g} is neither 0 nor in the range {SMALLEST_RATE:g} to 1.")


@app.command("demonstrate", short_help="Tell one refused unlock step by step.")
def demonstrate(  # noqa: PLR0913, PLR0917  one parameter an option: Typer reads the signature
    behaviour: Annotated[Behaviour, typer.Option(help="The build.")] = Behaviour.VULNERABLE,
    policy: _Policy = Allocator.LOOKASIDE,
    type_check: _TypeCheck = False,
    platform: _Platform = Platform.X86,
    completion: _When = Completion.IMMEDIATE,
    refusal: Annotated[
        Refusal, typer.Option(help="What makes Fast I/O answer FALSE.")
    ] = Refusal.OPLOCK,
    report_format: ReportFormat = Format.TABLE,
    svg: _Svg = None,
    output: Output = None,
) -> None:
    """Tell one refused unlock step by step, with addresses, to the STOP or past it."""
    from ntscan.drivermodel.demonstrate import record  # noqa: PLC0415
    from ntscan.reporting import model_report  # noqa: PLC0415

    _refuse_files(svg, output)
    policies = Policies(
        allocator=policy,
        type_check=type_check,
        platform=platform,
        completion=completion,
        refusal=refusal,
    )
    recording = record(behaviour, policies)
    if svg is not None:
        from ntscan.reporting.sequence_diagram import render_sequence_diagram  # noqa: PLC0415

        write_output(render_sequence_diagram(recording), svg)
    shown = recording.demonstration
    if report_format is Format.JSON:
        document = model_report.render_json("demonstration", policies, shown.assumptions, shown)
        write_output(document, output)
    else:
        write_page(partial(model_report.render_demonstration, shown), output)


@app.command("explore", short_help="Try every order of events in a small scene.")
def explore(  # noqa: PLR0913, PLR0917  one parameter an option: Typer reads the signature
    behaviour: Annotated[
        Behaviour | None,
        typer.Option(
            help="Every way to write this build; else the usual ones of both.",
            show_default=False,
        ),
    ] = None,
    policy: _Policy = Allocator.LOOKASIDE,
    type_check: _TypeCheck = False,
    platform: _Platform = Platform.X86,
    completion: Annotated[
        Completion | None,
        typer.Option(
            help="When the file system completes an unlock; both unless given.",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=3, help="SFM workers that unlock.")] = 2,
    requests: Annotated[int, typer.Option(min=0, max=3, help="Requests of another driver.")] = 1,
    states: Annotated[int, typer.Option(min=1, help="Give up after so many states.")] = 400_000,
    report_format: ReportFormat = Format.TABLE,
    output: Output = None,
) -> None:
    """Try every order of events in a small scene: all bad states, or that there is none."""
    from ntscan.drivermodel.builds import IN_BRIEF, VARIANTS  # noqa: PLC0415
    from ntscan.drivermodel.explore import Scene  # noqa: PLC0415
    from ntscan.drivermodel.explore import explore as search  # noqa: PLC0415
    from ntscan.reporting import model_report  # noqa: PLC0415

    refuse_to_overwrite(output)
    scene = Scene(workers=workers, requests=requests, states=states)
    explorations = []
    for build in VARIANTS[behaviour] if behaviour else IN_BRIEF:
        for when in [completion] if completion else Completion:
            policies = Policies(
                allocator=policy, type_check=type_check, platform=platform, completion=when
            )
            explorations.append(
                search(build, policies, scene, lambda count: _progress(f"{count:,} states"))
            )
    _progress("")
    assumptions = model_report.exploration_assumptions(explorations)
    if report_format is Format.JSON:
        shared = model_report.shared_policies(explorations)
        document = model_report.render_json("explorations", shared, assumptions, explorations)
        write_output(document, output)
    else:
        write_page(partial(model_report.render_explorations, explorations, assumptions), output)


@app.command("simulate", short_help="Run servers under load until they stop.")
def simulate(  # noqa: PLR0913, PLR0917  one parameter an option: Typer reads the signature
    behaviour: Annotated[Behaviour, typer.Option(help="The build.")] = Behaviour.VULNERABLE,
    policy: _Policy = Allocator.LOOKASIDE,
    type_check: _TypeCheck = False,
    platform: _Platform = Platform.X86,
    completion: _When = Completion.IMMEDIATE,
    pattern: Annotated[
        Pattern | None,
        typer.Option(help="When clients unlock; all patterns unless given.", show_default=False),
    ] = None,
    refusal_rate: Annotated[
        float | None,
        typer.Option(
            callback=_possible_rate,
            metavar="SHARE",
            help="The share of unlocks for which a filter refuses Fast I/O: 0, or 1e-12 to 1; the"
            " powers of ten from 1e-6 to 1 unless given.",
            show_default=False,
        ),
    ] = None,
    regular: Annotated[
        bool,
        typer.Option(
            "--regular",
            help="Refuse every n-th unlock, not each by chance; the share is then 1/n.",
        ),
    ] = False,
    runs: Annotated[int, typer.Option(min=1, help="Runs of each workload.")] = 100,
    seed: Annotated[int, typer.Option(help="The same seed gives the same result.")] = 1,
    report_format: ReportFormat = Format.TABLE,
    svg: _Svg = None,
    output: Output = None,
) -> None:
    """Run servers under load until they stop: how often, and after how many operations."""
    from ntscan.drivermodel.builds import BUILDS  # noqa: PLC0415
    from ntscan.drivermodel.simulate import REFUSAL_RATES, Bounds, Load  # noqa: PLC0415
    from ntscan.drivermodel.simulate import simulate as run_many  # noqa: PLC0415
    from ntscan.reporting import model_report  # noqa: PLC0415

    _refuse_files(svg, output)
    policies = Policies(
        allocator=policy,
        type_check=type_check,
        platform=platform,
        completion=completion,
        refusal=Refusal.FILTER,
    )
    if regular and refusal_rate and every_nth(refusal_rate) is None:
        raise typer.BadParameter(
            f"with --regular every n-th unlock is refused, and {refusal_rate:g} is not 1/n; give"
            " a share such as 0.5 or 0.01.",
            param_hint="--refusal-rate",
        )
    rates = REFUSAL_RATES if refusal_rate is None else (refusal_rate,)
    rows = []
    for shown in Pattern if pattern is None else (pattern,):
        # Without unlocks there is nothing to refuse, however often.
        for rate in rates[-1:] if shown is Pattern.NONE else rates:
            load = Load(pattern=shown, refusal_rate=rate, regular=regular, runs=runs, seed=seed)
            _progress(f"{shown} unlocks, {rate:g} of them refused")
            rows.append(run_many(behaviour, policies, load))
    _progress("")
    if svg is not None:
        from ntscan.reporting.operations_plot import render_operations_plot  # noqa: PLC0415

        title = f"How long a server lasts, {behaviour} build"
        write_output(render_operations_plot(rows, title), svg)
    assumptions = (
        *policies.assumptions(),
        BUILDS[behaviour].assumption,
        *WORKLOAD_ASSUMPTIONS,
    )
    if report_format is Format.JSON:
        simulation = {"behaviour": behaviour, "bounds": Bounds(), "rows": rows}
        document = model_report.render_json("simulation", policies, assumptions, simulation)
        write_output(document, output)
    else:
        draw = partial(model_report.render_rows, behaviour, policies, rows, assumptions)
        write_page(draw, output)


def _refuse_files(svg: Path | None, output: Path | None) -> None:
    """Refuse what could be evidence, and one file for two results."""
    refuse_to_overwrite(svg)
    refuse_to_overwrite(output)
    if svg is None or output is None:
        return
    if os.path.realpath(svg) == os.path.realpath(output):  # Path.resolve raises on a link loop.
        raise typer.BadParameter(
            f"{svg} is named by --output too; give each a file of its own.", param_hint="--svg"
        )


def _progress(words: str) -> None:
    """Show how far a long command is, on a terminal only."""
    if sys.stderr is not None and sys.stderr.isatty():
        typer.echo(f"\r{words:<60}\r", err=True, nl=False)
