"""The story that a run tells, where somebody listens: events, and sentences made of them."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple


class Lane(StrEnum):
    """Who acts in the story: a column of the sequence diagram."""

    CLIENT = "Macintosh client"
    SFM = "SFM"
    FILE_SYSTEM = "file system"
    IO_MANAGER = "I/O manager"
    FREE_IRPS = "free IRPs"
    OTHER = "other driver"


class Tone(StrEnum):
    """How an event is to be shown."""

    NORMAL = "normal"
    #: The list of free IRPs, or who holds what, is no longer as it must be.
    WRONG = "wrong"
    STOP = "stop"


class Event(NamedTuple):
    """Something that happened: who did it to whom, in words."""

    source: Lane
    target: Lane
    what: str
    free_irps: str  # the list of free IRPs after it, where it changed; else empty
    tone: Tone


def sentences(events: Sequence[Event]) -> tuple[str, ...]:
    """Write events as numbered sentences."""
    return tuple(
        f"{number}. {event.what}{'; ' if event.free_irps else ''}{event.free_irps}."
        for number, event in enumerate(events, 1)
    )
