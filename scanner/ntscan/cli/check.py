"""``ntscan check PATH...``: scan files, folders and disk images, print one report."""

import os
from functools import partial

import typer

from ntscan.cli import options as cli
from ntscan.cli.output import refuse_to_overwrite, write_output, write_page
from ntscan.errors import UsageError
from ntscan.vocabulary import FailOn


def check(  # noqa: PLR0913, PLR0917  one parameter an option: Typer reads them from the signature
    paths: cli.Paths,
    report_format: cli.ReportFormat = cli.Format.TABLE,
    output: cli.Output = None,
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
    explain: cli.Explain = False,
) -> None:
    """Scan files, folders and disk images: affected, fixed, not affected or undetermined, and why.

    Exit code: 0 nothing affected; 1 something affected; 2 wrong usage; 3 nothing affected, but
    something undetermined or not scanned; 4 an error inside ntscan.
    """
    # Imported here, so that the other commands and --help start without them.
    from ntscan.composer import scan  # noqa: PLC0415
    from ntscan.reporting.exit_code import exit_code  # noqa: PLC0415
    from ntscan.reporting.report import Options  # noqa: PLC0415

    _refuse_wrong_usage(paths, report_format, explain=explain)
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
    refuse_to_overwrite(output, paths)
    report = scan(*paths, options=asked)
    images = (target.image for target in report.targets)
    refuse_to_overwrite(output, (file for image in images if image for file in image.files))
    match report_format:
        case cli.Format.JSON:
            from ntscan.reporting.json_report import render_json  # noqa: PLC0415

            write_output(render_json(report), output)
        case cli.Format.TABLE:
            from ntscan.reporting.table import render_table  # noqa: PLC0415

            write_page(partial(render_table, report, explain=explain), output)
    raise typer.Exit(exit_code(report, fail_on))


def _refuse_wrong_usage(paths: list[str], report_format: cli.Format, *, explain: bool) -> None:
    if explain and report_format is not cli.Format.TABLE:
        raise UsageError("--explain is for --format table; JSON always holds every reason and step")
    if "-" in paths and not os.path.lexists("-"):
        raise UsageError("-: no such file or folder; lists on standard input are for ntscan audit")
