"""The options of the commands that scan, each with the help that it shows."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from ntscan.vocabulary import FailOn, Product, ServicePack


class Format(StrEnum):
    """The formats in which a report can be printed."""

    TABLE = "table"
    JSON = "json"


Paths: TypeAlias = Annotated[
    list[str], typer.Argument(metavar="PATH...", help="Drivers, folders or disk images to scan.")
]
ReportFormat: TypeAlias = Annotated[Format, typer.Option("--format", help="How to print it.")]
Output: TypeAlias = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write to a file: whole or not at all."),
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
NoModel: TypeAlias = Annotated[bool, typer.Option("--no-model", help="Leave the driver model out.")]
Explain: TypeAlias = Annotated[
    bool, typer.Option("--explain", help="Say why each criterion is asked, and show every step.")
]
