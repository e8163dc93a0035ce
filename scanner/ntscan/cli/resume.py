"""``--resume``, which takes a file, or stands alone beside ``-o FILE``."""

import os
from collections.abc import Sequence
from typing import Any

from typer.core import TyperCommand

from ntscan.errors import UsageError


class AuditCommand(TyperCommand):
    """Lets ``--resume`` stand alone beside ``-o FILE``, whose file it then goes on with."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401  not Typer's to name
        """Give a lone ``--resume`` the file of ``-o`` before the options are read."""
        return super().parse_args(ctx, with_resumed_file(args))


def with_resumed_file(words: Sequence[str]) -> list[str]:
    """Write ``-o FILE --resume`` as ``-o FILE --resume=FILE``; what follows ``--`` are paths.

    >>> with_resumed_file(["-o", "lines", "--resume", "evidence"])
    ['-o', 'lines', '--resume=lines', 'evidence']

    Raises UsageError where neither names the file: what is scanned would be taken for it.
    """
    end = words.index("--") if "--" in words else len(words)
    file = None
    for word, following in zip(words[:end], [*words[1:end], None], strict=False):
        if word in ("-o", "--output"):
            file = following
        elif word.startswith("--output="):
            file = word.removeprefix("--output=")
        elif word.startswith("-o"):
            file = word.removeprefix("-o")
    if file is None:
        _refuse_without_file(words[:end])
        return list(words)
    resumed = [f"--resume={file}" if word == "--resume" else word for word in words[:end]]
    return [*resumed, *words[end:]]


def _refuse_without_file(words: Sequence[str]) -> None:
    for word, following in zip(words, [*words[1:], ""], strict=False):
        option, equals, file = word.partition("=")
        if option != "--resume":
            continue
        file = file if equals else following
        if not file or file.startswith("-") or os.path.isdir(file):  # noqa: PTH112  Path's raises
            raise UsageError(
                "--resume takes the file of the audit: --resume audit.ndjson, or -o audit.ndjson "
                "--resume"
            )
