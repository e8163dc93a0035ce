"""A reading: one value that was looked for, and what became of the search.

"Not collected", "does not exist" and "could not be read" are three things (OVAL System
Characteristics Schema, ``StatusEnumeration``); none of them is ``None``.
"""

from dataclasses import dataclass
from typing import Final, Generic, TypeAlias, TypeVar

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exists(Generic[T_co]):
    """The value is there; ``stated_by_user`` tells an operator's word from what was read."""

    value: T_co
    stated_by_user: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrecognised:
    """Something is there that names nothing known, for example "Service Pack 7"."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradictory:
    """Two places that should say the same say different things; ``message`` says what."""

    message: str


@dataclass(frozen=True, slots=True)
class DoesNotExist:
    """It was looked for in a place that could be read, and it is not there."""


@dataclass(frozen=True, slots=True)
class NotCollected:
    """Nobody looked: the target holds no place where it could be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionFailed:
    """The place where it could be is there and could not be read; ``message`` says why."""

    message: str


Reading: TypeAlias = (
    Exists[T_co] | Unrecognised | Contradictory | DoesNotExist | NotCollected | CollectionFailed
)

NOT_COLLECTED: Final = NotCollected()
