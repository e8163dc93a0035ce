"""A KB wall clock as the interval of moments it can mean, since it names no zone.

The same build appears in several articles shifted by whole hours, up to 8 (Q257585 and Q312284):
a KB time is read as UTC at the earliest and as US Pacific standard time at the latest. NT shows old
stamps with the bias of the day it is asked (Q129574, Q158588), so daylight saving does not shorten
the interval.
"""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final

from msgspec import Struct

#: The KB prints minutes, and Pacific standard time is eight hours behind UTC.
_LATEST_READING: Final = timedelta(hours=8, seconds=60)

#: A build is linked at or before its file's time, and within a day of it.
_LINKED_BEFORE_FILE: Final = timedelta(hours=24)


class Interval(Struct, frozen=True, kw_only=True):
    """A closed interval of moments, both UTC."""

    earliest: datetime
    latest: datetime

    def __contains__(self, moment: datetime) -> bool:
        """Say whether the moment lies in the interval, its ends included."""
        return self.earliest <= moment <= self.latest

    def __str__(self) -> str:
        """Write the interval as a person would read it."""
        return f"{utc(self.earliest)} to {utc(self.latest)}"


@cache
def link_window(wall_clock: datetime) -> Interval:
    """The moments at which a build with this KB wall clock can have been linked."""
    earliest_reading = wall_clock.replace(tzinfo=UTC)
    return Interval(
        earliest=earliest_reading - _LINKED_BEFORE_FILE, latest=earliest_reading + _LATEST_READING
    )


def utc(moment: datetime) -> str:
    """Write a UTC moment as ISO 8601 to the second, ``1999-09-29T19:49:00Z``."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"
