"""The digests of disk images as the user states them: one, or a list as ``sha256sum`` writes it."""

import os
import re
from codecs import BOM_UTF8
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from msgspec import Struct

from ntscan.errors import SourceError, UsageError
from ntscan.sources.host_file import read_host_file

#: The algorithms by which images are known, each by the number of hexadecimal digits it makes.
ALGORITHMS: Final = {32: "md5", 40: "sha1", 64: "sha256"}

_LARGEST_LIST: Final = 64 * 1024 * 1024
_DIGEST: Final = re.compile(r"[0-9a-fA-F]{32}(?:[0-9a-fA-F]{8}(?:[0-9a-fA-F]{24})?)?")
_LINE: Final = re.compile(rf"(?P<digest>{_DIGEST.pattern}) [ *](?P<name>.+)")


class StatedHashes(Struct, frozen=True):
    """Digests in hexadecimal: ``only`` that of the one target, ``by_path`` those of a list."""

    only: str | None = None
    by_path: Mapping[str, str] | None = None

    def of(self, image: Path) -> str | None:
        """Return the digest that was stated for an image."""
        return self.only or (self.by_path or {}).get(_absolute(image))

    def is_missing(self, image: Path) -> bool:
        """Say whether a list was given, and does not name the image."""
        return self.by_path is not None and self.of(image) is None


def read_stated_hashes(stated: str | None, targets: int) -> StatedHashes:
    """Understand what the user gave: a digest for the one target, or the path of a list.

    Raises UsageError where it is neither, or where one digest is to serve many targets.
    """
    if stated is None:
        return StatedHashes()
    if _DIGEST.fullmatch(stated):
        if targets != 1:
            raise UsageError(
                f"{stated}: is one digest, and there are {targets:,} targets; name a list of "
                "digests as sha256sum writes it"
            )
        return StatedHashes(only=stated.lower())
    return StatedHashes(by_path=_read_list(Path(stated)))


@cache
def _read_list(file: Path) -> dict[str, str]:
    """Read lines of digest, two spaces (or a space and an asterisk) and path.

    A path is taken from the folder of the list where it is not absolute; backslashes separate its
    parts where no file of this machine has them in its name. Of several digests of one file the
    longest counts; two of one length must be the same. Raises UsageError.
    """
    if not os.path.lexists(file):
        raise UsageError(
            f"{file}: is neither a digest nor a file; give a digest of 32, 40 or 64 hexadecimal "
            "digits, or a list of them"
        )
    try:
        content = read_host_file(str(file), _LARGEST_LIST, follow_link=True)
    except SourceError as error:
        raise UsageError(f"{file}: {error}") from error
    digests: dict[str, str] = {}
    text = content.data.removeprefix(BOM_UTF8).decode("utf-8", "surrogateescape")
    lines = text.split("\n")
    for number, line in enumerate((line.removesuffix("\r") for line in lines), 1):
        found = _LINE.fullmatch(line)
        if found is None and line.strip() and not line.startswith("#"):
            raise UsageError(
                f"{file}:{number}: is no line of a list of digests; write each as sha256sum does: "
                "digest, two spaces, path"
            )
        if found is not None:
            path, digest = _named(file, found["name"]), found["digest"].lower()
            known = digests.get(path, "")
            if len(known) == len(digest) and known != digest:
                raise UsageError(
                    f"{file}:{number}: is another digest of a file that has one in the list; take "
                    "out the wrong one"
                )
            digests[path] = max(known, digest, key=len)
    return digests


def _named(file: Path, name: str) -> str:
    path = file.parent / name
    if os.sep == "/" and "\\" in name and not os.path.lexists(path):
        path = file.parent / name.replace("\\", "/")
    return _absolute(path)


def _absolute(path: Path) -> str:
    return os.path.abspath(path)  # noqa: PTH100  resolve() follows links; the name given counts
