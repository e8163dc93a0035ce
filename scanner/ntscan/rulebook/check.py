"""What a rule must be beyond its types: figures that can be true of Windows NT 4.0."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final

from msgspec import Struct

from ntscan.rulebook.advisory import Advisory
from ntscan.rulebook.locate import FieldPath

#: Builds of Windows NT lie between NT 3.1's release and the end of NT 4.0's support, with room.
ERA: Final = (datetime(1993, 7, 1, tzinfo=UTC), datetime(2009, 12, 31, 23, 59, 59, tzinfo=UTC))

#: No file of Windows NT 4.0 that a hotfix replaces is as large as this many bytes.
LARGEST_FILE: Final = 16 * 1024 * 1024

_IMPOSSIBLE: Final = (
    f"is impossible for Windows NT 4.0: before {ERA[0].date()} or after {ERA[1].date()}"
)
#: winnt.h: PRIMARYLANGID is the low ten bits of a language identifier.
_MOST_PRIMARY: Final = 0x3FF

_ARTICLE: Final = re.compile(r"Q\d{5,6}")
_FILE_NAME: Final = re.compile(r"[a-z0-9_$-]{1,8}\.[a-z0-9_]{1,3}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_FILE_VERSION: Final = re.compile(r"\d{1,5}(\.\d{1,5}){3}")
_PATTERNS: Final = {
    "id": (_ARTICLE, "is no article number such as Q242896"),
    "source": (_ARTICLE, "is no article number such as Q242896"),
    "hotfix": (_ARTICLE, "is no hotfix key such as Q242896"),
    "file_name": (_FILE_NAME, "is no file name of the form 8.3 in lower case"),
    "sha256": (_SHA256, "is no SHA-256 of 64 lower-case hexadecimal digits"),
    "file_version": (_FILE_VERSION, "is no version of four dotted integers"),
}


class Problem(Struct, frozen=True, kw_only=True):
    """One thing wrong with a rule, and the field that it is wrong with."""

    field: FieldPath
    message: str


_A_DAY: Final = timedelta(days=1)


def problems(advisory: Advisory) -> Iterator[Problem]:
    """Yield everything that makes a well-formed rule one that cannot be right."""
    for field, value in _leaves((), advisory):
        yield from _value_problems(field, value)
    yield from _twice_fixed(advisory)
    yield from _wrong_order(advisory)


def _leaves(field: FieldPath, value: object) -> Iterator[tuple[FieldPath, object]]:
    if isinstance(value, Struct):
        for part in value.__struct_fields__:
            yield from _leaves((*field, part), getattr(value, part))
    elif isinstance(value, tuple):
        for index, member in enumerate(value):
            yield from _leaves((*field, index), member)
    elif value is not None:
        yield field, value


def _value_problems(field: FieldPath, value: object) -> Iterator[Problem]:
    name = next(part for part in reversed(field) if isinstance(part, str))
    match value:
        case datetime():
            yield from _time_problems(field, name, value)
        case date() if not ERA[0].date() <= value <= ERA[1].date():
            yield Problem(field=field, message=f"{value} {_IMPOSSIBLE}")
        case int() if name == "primary_language" and not 0 < value <= _MOST_PRIMARY:
            yield Problem(field=field, message=f"is no primary language of 1 to {_MOST_PRIMARY:#x}")
        case int() if name == "size" and not 0 < value <= LARGEST_FILE:
            yield Problem(field=field, message=f"is not between 1 and {LARGEST_FILE:,} bytes")
        case str() if not value.strip():
            yield Problem(field=field, message="is empty")
        case str() if name in _PATTERNS and not _PATTERNS[name][0].fullmatch(value):
            yield Problem(field=field, message=f"{value!r} {_PATTERNS[name][1]}")
        case _:
            pass


def _time_problems(field: FieldPath, name: str, value: datetime) -> Iterator[Problem]:
    if name == "wall_clock" and value.tzinfo is not None:
        yield Problem(field=field, message="names a zone, and a KB wall clock has none")
    elif name != "wall_clock" and value.tzinfo is None:
        yield Problem(field=field, message="names no zone; write it in UTC, with a Z at its end")
    elif name != "modified" and not ERA[0] <= _as_utc(value) <= ERA[1]:
        yield Problem(
            field=field,
            message=f"{value.date()} {_IMPOSSIBLE}",
        )


def _twice_fixed(advisory: Advisory) -> Iterator[Problem]:
    seen = set()
    for index, build in enumerate(advisory.fixed_builds):
        if build.machine in seen:
            message = f"is a second fixed build for {build.machine}; an article has one a machine"
            yield Problem(field=("fixed_builds", index, "machine"), message=message)
        seen.add(build.machine)
    if not advisory.fixed_builds:
        yield Problem(field=("fixed_builds",), message="is empty: a rule needs a fixed build")


def _wrong_order(advisory: Advisory) -> Iterator[Problem]:
    for index, build in enumerate(advisory.fixed_builds):
        if build.wall_clock.date() > advisory.last_modified:
            message = f"{build.wall_clock.date()} is after the article's last change"
            yield Problem(field=("fixed_builds", index, "wall_clock"), message=message)
    hold_fix_from = advisory.later_builds.hold_fix_from
    made = [_as_utc(build.wall_clock) + _A_DAY for build in advisory.fixed_builds]
    if hold_fix_from.tzinfo is not None and hold_fix_from < max(made, default=ERA[0]):
        message = f"{hold_fix_from.date()} is not a day or more after every fixed build"
        yield Problem(field=("later_builds", "hold_fix_from"), message=message)
    for index, release in enumerate(advisory.releases_without_fix):
        if hold_fix_from.date() <= release.released_by:
            message = (
                f"{release.released_by} is not before later_builds.hold_fix_from "
                f"({hold_fix_from.date()})"
            )
            yield Problem(field=("releases_without_fix", index, "released_by"), message=message)


def _as_utc(value: datetime) -> datetime:
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
