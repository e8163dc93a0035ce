"""Reading files and their digests, a few ahead of the one that is being looked at."""

import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from ntscan.errors import SourceError
from ntscan.evidence.characteristics import Hashes
from ntscan.sources.source import Entry, FileContent, Source

if TYPE_CHECKING:
    from concurrent.futures import Future

#: No driver of Windows NT 4.0 is as large as this many bytes; a larger file is not read.
LARGEST_DRIVER: Final = 16 * 1024 * 1024

#: So many files are held in memory ahead of the one that is being looked at.
_AHEAD: Final = 4

#: For fewer files than this, starting a thread costs more than it saves.
_WORTH_A_THREAD: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class HashedFile:
    """A file's bytes and times, with the digests of the same bytes."""

    content: FileContent
    hashes: Hashes


#: What became of reading a file.
ReadFile: TypeAlias = HashedFile | SourceError


def read_ahead(source: Source, entries: Sequence[Entry]) -> Iterator[tuple[Entry, ReadFile]]:
    """Yield each file with its bytes and digests, in order; what cannot be read is yielded too.

    One thread reads and hashes: both leave the interpreter to the caller, who parses meanwhile.
    """
    if len(entries) < _WORTH_A_THREAD:
        yield from ((entry, _read(source, entry)) for entry in entries)
        return
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  a few files need none

    waiting: deque[tuple[Entry, Future[ReadFile]]] = deque()
    with ThreadPoolExecutor(max_workers=1) as reader:
        for entry in entries:
            waiting.append((entry, reader.submit(_read, source, entry)))
            if len(waiting) > _AHEAD:
                first, read = waiting.popleft()
                yield first, read.result()
        for last, read in waiting:
            yield last, read.result()


def _read(source: Source, entry: Entry) -> ReadFile:
    try:
        content = source.read(entry, LARGEST_DRIVER)
    except SourceError as error:
        return error
    # MD5 and SHA-1 are how other tools and hash sets know a file; nothing here trusts them.
    return HashedFile(
        content=content,
        hashes=Hashes(
            md5=hashlib.md5(content.data, usedforsecurity=False).hexdigest(),
            sha1=hashlib.sha1(content.data, usedforsecurity=False).hexdigest(),
            sha256=hashlib.sha256(content.data).hexdigest(),
        ),
    )
