"""Which files are parts of one image, and which of them stands for it.

A split raw disk is ``disk.001``, ``disk.002`` (or from ``disk.000``), or ``disk.aa``, ``disk.ab``;
the segments of an EWF image are ``disk.E01``, ``disk.E02`` and so on. The extents
``disk-s001.vmdk``, ``disk-f001.vmdk`` and ``disk-flat.vmdk`` belong to ``disk.vmdk``.
"""

import re
from pathlib import Path
from typing import Final

from ntscan.errors import SourceError
from ntscan.sources.containers.part_numbers import Digits, Letters, PartNumbers, Segments
from ntscan.sources.containers.recognise import container_format
from ntscan.vocabulary import ContainerFormat

_EXTENT: Final = re.compile(r"(.+?)-(?:[sf][0-9]{3}|flat)(\.vmdk)", re.IGNORECASE)


def first_part(path: Path) -> Path:
    """Return the file that stands for the image that a file is a part of: mostly itself.

    Where the first part is missing, the earliest from which no other is missing stands for it.
    """
    if extent := _EXTENT.fullmatch(path.name):
        descriptor = path.with_name(extent[1] + extent[2])
        return descriptor if _is_file(descriptor) else path
    numbers = _numbers(path)
    if numbers is None:
        return path
    first = _part(path, numbers, numbers.first)
    if _is_file(first):
        return first
    number = numbers.number(_end(path)) or numbers.first
    while number > numbers.first and _is_file(_part(path, numbers, number - 1)):
        number -= 1
    return _part(path, numbers, number)


def parts_of(path: Path) -> tuple[Path, ...]:
    """Return the parts of the raw or EWF image that a file is a part of, in their order.

    Raises SourceError where one is missing before others. Whether segments of an EWF image are
    missing is known to the segments themselves.
    """
    numbers = _numbers(path)
    if numbers is None:
        return (path,)
    number = numbers.first
    while _is_file(_part(path, numbers, number)):
        number += 1
    if isinstance(numbers, Segments):
        return tuple(_part(path, numbers, n) for n in range(numbers.first, number)) or (path,)
    later = _numbers_after(path, numbers, number)
    if later:
        missing, found = _part(path, numbers, number), _part(path, numbers, later[0])
        raise SourceError(
            f"is a split image whose part {missing.name} is missing, and {found.name} is there; "
            f"copy all parts into one folder, or rename {found.name} where it is no part"
        )
    return tuple(_part(path, numbers, n) for n in range(numbers.first, number))


def _numbers(path: Path) -> PartNumbers | None:
    """Return how the parts of an image are numbered, of which a file is one by its name.

    ``.aa`` must be there for other ends of two letters to be parts; a file with a signature of
    its own is no later part of a raw disk, and one without it is no segment.
    """
    end = _end(path)
    if (number := Digits().number(end)) is not None:
        digits = Digits(0 if _is_file(_part(path, Digits(), 0)) else 1)
        return digits if number <= digits.first or _format(path) is None else None
    letters = Letters()
    if (number := letters.number(end)) is not None:
        is_part = _is_file(_part(path, letters, letters.first)) and (
            number == letters.first or _format(path) is None
        )
        return letters if is_part else None
    for initial in "ES":
        segments = Segments(initial, end.islower())
        is_named = segments.number(end) is not None and (
            end[1:].isdigit() or _is_file(_part(path, segments, segments.first))
        )
        if is_named and _format(path) is ContainerFormat.EWF:
            return segments
    return None


def _numbers_after(path: Path, numbers: PartNumbers, number: int) -> list[int]:
    """Return the numbers of the parts in the folder that come after a missing one, in order."""
    stem = _stem(path)
    try:
        names = [other.name for other in path.parent.iterdir() if other.name.startswith(stem)]
    except OSError as error:
        raise SourceError(
            "is a part of an image, and its folder cannot be searched for the others: "
            f"{error.strerror}; make it readable"
        ) from error
    found = (numbers.number(name.removeprefix(stem)) for name in names)
    return sorted(other for other in found if other is not None and other > number)


def _part(path: Path, numbers: PartNumbers, number: int) -> Path:
    return path.with_name(_stem(path) + numbers.spell(number))


def _stem(path: Path) -> str:
    return path.name.removesuffix(_end(path))


def _end(path: Path) -> str:
    return path.suffix[1:]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _format(path: Path) -> ContainerFormat | None:
    try:
        return container_format(path)
    except SourceError:
        return None
