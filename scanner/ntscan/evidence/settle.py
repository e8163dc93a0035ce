"""What one NT system is: its hives read, and the place of each wanted driver told from them."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Final

from msgspec import Struct

from ntscan.evidence.characteristics import CollectionError
from ntscan.evidence.driver_place import DriverPlace, OutOfSight, driver_place
from ntscan.evidence.installation import Place
from ntscan.evidence.reading import CollectionFailed
from ntscan.evidence.registry.hives import read_hives
from ntscan.evidence.survey import Survey
from ntscan.evidence.system_evidence import SystemEvidence
from ntscan.evidence.walk import is_in_sight
from ntscan.evidence.wanted import Wanted
from ntscan.sources.source import Source
from ntscan.vocabulary import Stage

_LAST_PART: Final = re.compile(r"[\\/][^\\/]*$")


class SettledSystem(Struct, frozen=True, kw_only=True):
    """What the hives of a system say, and what follows for where its drivers are."""

    registry: SystemEvidence
    installed: tuple[Place, ...]
    missing_images: tuple[str, ...]
    errors: tuple[CollectionError, ...]


def settle(source: Source, found: Survey, root: Place, wanted: Sequence[Wanted]) -> SettledSystem:
    """Read a system's hives and find the place of each wanted driver; raises nothing."""
    hives = found.hives.get(root, {})
    names = dict.fromkeys(name for one in wanted for name in one.services)
    registry = read_hives(source, hives, tuple(names))
    file_names = {one.file_name for one in wanted}
    in_sight = partial(is_in_sight, source, found, file_names=file_names)
    places = {one.file_name: driver_place(one, root, registry, in_sight) for one in wanted}
    unseen = [
        CollectionError(
            path=place.path,
            stage=Stage.REGISTRY,
            message=place.message,
            file_name=file_name,
            decides=True,
        )
        for file_name, place in places.items()
        if isinstance(place, OutOfSight)
    ]
    seen = {name: place for name, place in places.items() if isinstance(place, DriverPlace)}
    config = next((_LAST_PART.sub("", hive.path) for hive in hives.values()), "")
    return SettledSystem(
        registry=registry,
        installed=tuple(place.place for place in seen.values()),
        missing_images=tuple(
            name
            for name, place in seen.items()
            if place.image_path is not None and not _could_be_there(found, place.place)
        ),
        errors=(*_failures(registry, config), *unseen),
    )


def _could_be_there(found: Survey, place: Place) -> bool:
    """Say whether a file is at a place, or something on the way there could not be read."""
    hidden = any(place[: len(fault.place)] == fault.place for fault in found.faults)
    return hidden or any(entry.place == place for entry in found.files)


def _failures(registry: SystemEvidence, config: str) -> tuple[CollectionError, ...]:
    """Report what of the hives could not be read; the services name the driver's place."""
    unknown_place = registry.services if isinstance(registry.services, CollectionFailed) else None
    return tuple(
        CollectionError(
            path=config,
            stage=Stage.REGISTRY,
            message=message,
            file_name=None if unknown_place and message == unknown_place.message else "hive",
            decides=True,
        )
        for message in registry.failures
    )
