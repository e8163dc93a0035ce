"""Languages of version resources (winnt.h: PRIMARYLANGID is the low ten bits of an identifier)."""

from typing import Final

from ntscan.evidence.characteristics import PEMetadata

_PRIMARY: Final = 0x3FF
_NEUTRAL: Final = 0


def is_in_language(image: PEMetadata, primary_language: int) -> bool:
    """Say whether an image is in a language, or in none: neutral, or without a version resource."""
    languages = image.version.languages if image.version is not None else ()
    return all(code & _PRIMARY in (_NEUTRAL, primary_language) for code in languages)
