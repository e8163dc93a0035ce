"""A file's bytes with the digests of the same bytes: one read serves both."""

import hashlib

from msgspec import Struct

from ntscan.evidence.characteristics import Hashes
from ntscan.sources.source import LARGEST_DRIVER, Entry, FileContent, Source


class HashedFile(Struct, frozen=True, kw_only=True):
    """A file's bytes and times, with the digests of the same bytes."""

    content: FileContent
    hashes: Hashes


def read_hashed(source: Source, entry: Entry) -> HashedFile:
    """Read and hash a file of at most LARGEST_DRIVER bytes; raises SourceError."""
    content = source.read(entry, LARGEST_DRIVER)
    # MD5 and SHA-1 are how other tools and hash sets know a file; nothing here trusts them.
    return HashedFile(
        content=content,
        hashes=Hashes(
            md5=hashlib.md5(content.data, usedforsecurity=False).hexdigest(),
            sha1=hashlib.sha1(content.data, usedforsecurity=False).hexdigest(),
            sha256=hashlib.sha256(content.data).hexdigest(),
        ),
    )
