"""``ntscan trace FILE``: what the image's own machine code does with its IRPs."""

from functools import partial
from typing import Annotated, Final

import typer

from ntscan.cli.options import Format, Output, ReportFormat
from ntscan.cli.output import refuse_to_overwrite, write_output, write_page
from ntscan.errors import ImageError, SourceError, UsageError
from ntscan.reporting.harmless import harmless
from ntscan.vocabulary import ExitCode, Grade, TargetKind

#: What no grade says is left open, and exits with 3.
_EXIT_CODE: Final = {
    Grade.CLEAN: ExitCode.NOTHING_AFFECTED,
    Grade.OBSERVED: ExitCode.AFFECTED,
}


def trace(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The driver to trace.")],
    report_format: ReportFormat = Format.TABLE,
    output: Output = None,
) -> None:
    """Interpret a driver's own machine code, and say whether it frees an IRP twice.

    It runs sealed, against a model of the kernel; nothing of the file is executed.

    Exit code: 0 clean: the unlock of Q242896 ran, and freed its IRP once each time; 1 observed:
    that IRP is freed twice or more; 2 wrong usage; 3 any other grade, or no image whose code can be
    run; 4 an error inside ntscan.
    """
    # Imported here, so that the other commands and --help start without them.
    from ntscan import machinecode  # noqa: PLC0415
    from ntscan.reporting.trace_report import render_json, trace_entry  # noqa: PLC0415

    refuse_to_overwrite(output, [file])
    data = _read(file)
    try:
        entry = trace_entry(machinecode.trace(data), data)
    except ImageError as error:
        typer.echo(harmless(f"ntscan: {file}: {error}"), err=True)
        raise typer.Exit(ExitCode.UNDETERMINED) from error
    match report_format:
        case Format.JSON:
            write_output(render_json(entry, file), output)
        case Format.TABLE:
            from ntscan.reporting.trace_page import render_trace  # noqa: PLC0415

            write_page(partial(render_trace, entry, file), output)
    raise typer.Exit(_EXIT_CODE.get(entry.grade, ExitCode.UNDETERMINED))


def _read(file: str) -> bytes:
    from ntscan.sources.open import open_source  # noqa: PLC0415
    from ntscan.sources.single_file import SingleFileSource  # noqa: PLC0415
    from ntscan.sources.source import LARGEST_DRIVER  # noqa: PLC0415

    source = open_source(file)
    if source.kind is TargetKind.DIRECTORY:
        raise UsageError(f"{file}: is a folder; name one driver in it")
    if not isinstance(source, SingleFileSource):
        # So is what is larger than any driver, and no program.
        raise UsageError(
            f"{file}: is read as a disk image; `ntscan check --machine-code` with it traces the "
            "driver in it"
        )
    (entry,) = source.walk()
    try:
        return source.read(entry, LARGEST_DRIVER).data
    except SourceError as error:
        raise UsageError(f"{file}: {error}") from error
