"""The two halves of a mirror: one system where they agree, two and a warning where they do not."""

from collections.abc import Sequence

from msgspec.structs import replace

from ntscan.evidence.characteristics import FileItem, SystemCharacteristics
from ntscan.sources.description import Mirror, VolumeDescription


def join_mirrors(
    systems: Sequence[SystemCharacteristics],
) -> tuple[SystemCharacteristics, ...]:
    """Leave out the second of two halves that agree, and say of both halves whether they do.

    A half whose system the other half does not hold does not agree with it.
    """
    joined: list[SystemCharacteristics] = []
    for index, system in enumerate(systems):
        twin = next((i for i, other in enumerate(systems) if _are_twins(system, other)), None)
        agrees = twin is not None and _content(system) == _content(systems[twin])
        if not agrees or twin is None or index < twin:
            joined.append(replace(system, volume=_with_mirror(system.volume, agrees=agrees)))
    return tuple(joined)


def _are_twins(system: SystemCharacteristics, other: SystemCharacteristics) -> bool:
    volume, others = system.volume, other.volume
    if volume is None or others is None or volume.mirror is None or system.root != other.root:
        return False
    return volume.mirror.partition == others.partition


def _content(system: SystemCharacteristics) -> object:
    """Return what was read of a system, without where it was read."""
    files = [_elsewhere(file) for file in system.files]
    errors = [replace(error, path="") for error in system.errors]
    return files, errors, system.registry, system.missing_images


def _elsewhere(file: FileItem) -> FileItem:
    return replace(file, place=(), volume=None)


def _with_mirror(volume: VolumeDescription | None, *, agrees: bool) -> VolumeDescription | None:
    if volume is None or volume.mirror is None:
        return volume
    return replace(volume, mirror=Mirror(partition=volume.mirror.partition, agrees=agrees))
