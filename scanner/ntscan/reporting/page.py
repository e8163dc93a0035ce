"""A page for a person, drawn with rich; no text of it is read as markup."""

from collections.abc import Iterable
from io import StringIO
from typing import Final, TextIO

from rich.console import Console, RenderableType
from rich.text import Text

_WIDTH_OF_A_FILE: Final = 110


class _Page(StringIO):
    """A page in memory that answers rich as the stream would that is to show it."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override]  # typeshed lets it be set; nobody does
        """The encoding of the stream, by which rich chooses what it draws lines with."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        return self._stream.isatty()


def draw_page(parts: Iterable[RenderableType], stream: TextIO, *, width: int | None = None) -> str:
    """Draw parts for the stream that will show them: colours on a terminal without NO_COLOR.

    ``width`` is that of a page which is as wide everywhere, in letters; it breaks every text.
    """
    page = _Page(stream)
    console = Console(file=page, width=width, markup=False, emoji=False, highlight=False)
    if width is None and not console.is_terminal:
        console.width = _WIDTH_OF_A_FILE
    for part in parts:
        # A path is never broken, so that it can be copied.
        console.print(part, soft_wrap=width is None and isinstance(part, Text))
    return "".join(f"{line.rstrip()}\n" for line in page.getvalue().split("\n")[:-1])
