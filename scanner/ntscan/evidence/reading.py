"""A reading: one value that was looked for, and what became of the search.

"Not collected", "does not exist" and "could not be read" are three things (OVAL System
Characteristics Schema, ``StatusEnumeration``); none of them is ``None``.
"""

from typing import Final, Generic, TypeAlias, TypeVar

from msgspec import Struct

T_co = TypeVar("T_co", covariant=True)


class Exists(Struct, Generic[T_co], frozen=True, kw_only=True):
    """The value is there; ``stated_by_user`` tells an operator's word from what was read."""

    value: T_co
    stated_by_user: bool = False


class Unrecognised(Struct, frozen=True, kw_only=True):
    """Something is there that names nothing known, for example "Service Pack 7"."""

    text: str


class Contradictory(Struct, frozen=True, kw_only=True):
    """Two places that should say the same say different things; ``message`` says what."""

    message: str


class DoesNotExist(Struct, frozen=True):
    """It was looked for in a place that could be read, and it is not there."""


class NotCollected(Struct, frozen=True):
    """Nobody looked: the target holds no place where it could be."""


class CollectionFailed(Struct, frozen=True, kw_only=True):
    """The place where it could be is there and could not be read; ``message`` says why."""

    message: str


Reading: TypeAlias = (
    Exists[T_co] | Unrecognised | Contradictory | DoesNotExist | NotCollected | CollectionFailed
)

NOT_COLLECTED: Final = NotCollected()
