"""The options of the commands that scan, each with the help that it shows."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

from ntscan.auditing.limits import Limits
from ntscan.vocabulary import FailOn, Product, ServicePack


class Format(StrEnum):
    """The formats in which a report can be printed."""

    TABLE = "table"
    JSON = "json"


class EngineKind(StrEnum):
    """What can run the scans of an audit."""

    LOCAL = "local"
    DASK = "dask"


_SIZE: Final = re.compile(r"([0-9]{1,12})([KMGT]?)(?:i?B)?", re.IGNORECASE)
_UNITS: Final = ("", "K", "M", "G", "T")
#: Bytes; with 40 MiB not even a small driver is scanned, since what a scan imports takes as much.
_SMALLEST_MEMORY: Final = 64 * 1024**2


def parse_size(text: str | int) -> int:
    """Read a size such as 512M or 1G, in units of 1,024, as bytes; one too small is refused."""
    written = _SIZE.fullmatch(str(text))
    if written is None:
        raise typer.BadParameter(f"{text!r} is no size; write it as 512M or 1G.")
    size = int(written[1]) << 10 * _UNITS.index(written[2].upper())
    if size < _SMALLEST_MEMORY:
        least = show_size(_SMALLEST_MEMORY)
        raise typer.BadParameter(f"{text} is {size:,} bytes; give a scan {least} at least.")
    return size


def show_size(size: int) -> str:
    """Write a size in bytes as it is read, in the largest unit that holds it whole."""
    unit = next(unit for unit in reversed(range(len(_UNITS))) if not size % (1 << 10 * unit))
    return f"{size >> 10 * unit}{_UNITS[unit]}"


Paths: TypeAlias = Annotated[
    list[str],
    typer.Argument(
        metavar="PATH",
        help="Drivers, folders or disk images to scan; images in a folder are for audit.",
    ),
]
AuditPaths: TypeAlias = Annotated[
    list[str],
    typer.Argument(
        metavar="PATH|-",
        help="Folders to search, files and disk images; - reads paths from standard input, one a"
        " line.",
    ),
]
ReportFormat: TypeAlias = Annotated[Format, typer.Option("--format", help="How to print it.")]
Output: TypeAlias = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write to a file: whole or not at all."),
]
Journal: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Append the lines to a file, each when its target is finished.",
    ),
]
Resume: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--resume",
        metavar="[FILE]",
        help="Go on with the file of an audit: what stands in it is not scanned again. With -o,"
        " --resume stands alone.",
    ),
]
RuleIds: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--rule", metavar="ID", help="Ask only this rule; may be given again."),
]
RulesDirectory: TypeAlias = Annotated[
    Path | None,
    typer.Option("--rules", metavar="DIR", help="Rules of your own, beside the bundled ones."),
]
KnownServicePack: TypeAlias = Annotated[
    ServicePack | None,
    typer.Option("--service-pack", help="The service pack, if you know it; wins over the files."),
]
KnownProduct: TypeAlias = Annotated[
    Product | None,
    typer.Option("--product", help="The product, if you know it; wins over the files."),
]
Failing: TypeAlias = Annotated[
    FailOn, typer.Option("--fail-on", help="Which findings make the exit code 1.")
]
Thorough: TypeAlias = Annotated[
    bool, typer.Option("--thorough", help="Walk all of a disk image for copies elsewhere.")
]
ImageHash: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--image-hash",
        metavar="DIGEST|LIST",
        help="An image's MD5, SHA-1 or SHA-256 for the report, or a list as sha256sum writes it.",
    ),
]
HashImages: TypeAlias = Annotated[
    bool,
    typer.Option("--hash-images", help="Compute the digests of disk images; reads all of them."),
]
MachineCode: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--machine-code/--no-machine-code",
        help="Run the drivers' own machine code in a sealed interpreter, or never; without either, "
        "that of undetermined ones.",
    ),
]
NoModel: TypeAlias = Annotated[bool, typer.Option("--no-model", help="Leave the driver model out.")]
Explain: TypeAlias = Annotated[
    bool, typer.Option("--explain", help="Say why each criterion is asked, and show every step.")
]
OnEngine: TypeAlias = Annotated[
    EngineKind, typer.Option("--engine", help="Where the scans run: here, or on a Dask cluster.")
]
Scheduler: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="The cluster's scheduler, such as tcp://host:8786."),
]
Jobs: TypeAlias = Annotated[
    int | None,
    typer.Option(min=1, help="Targets scanned at a time; the processors' number unless given."),
]
Timeout: TypeAlias = Annotated[
    float,
    typer.Option(
        min=0.001, max=7 * 86_400, metavar="SECONDS", help="The time that one target may take."
    ),
]
Memory: TypeAlias = Annotated[
    int,
    typer.Option(
        parser=parse_size,
        metavar="SIZE",
        help="The memory that one target may take, such as 512M or 2G.",
        show_default=show_size(Limits().memory),
    ),
]
