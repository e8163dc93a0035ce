"""Comparing file versions: dotted integers only; anything else compares with nothing."""

import re
from typing import Final, Literal

_DOTTED: Final = re.compile(r"\d{1,5}(?:\.\d{1,5})+")


def compare_versions(observed: str | None, expected: str) -> Literal[-1, 0, 1] | None:
    """Say whether a version is lower than, equal to or higher than another.

    ``None`` where one is not made of dotted integers, or where the observed one has fewer parts:
    NT 4.0's bare "4.00" names no build. 4.00.1381.133 and 4.0.1381.133 are the same version.
    """
    # packaging takes ten milliseconds to import, and most rules name no version.
    from packaging.version import Version  # noqa: PLC0415

    if observed is None or not _DOTTED.fullmatch(observed) or not _DOTTED.fullmatch(expected):
        return None
    if observed.count(".") < expected.count("."):
        return None
    left, right = Version(observed), Version(expected)
    if left < right:
        return -1
    return 1 if left > right else 0
