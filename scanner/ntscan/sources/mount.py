"""From the volumes of a disk to those that can be read, the halves of a mirror told together."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from ntscan.errors import SourceError
from ntscan.sources.containers.disk_bytes import DiskBytes
from ntscan.sources.description import Mirror, VolumeDescription
from ntscan.sources.mounted_volume import MountedVolume
from ntscan.sources.source import Blocked
from ntscan.sources.volumes.file_system import FileSystem
from ntscan.sources.volumes.letters import is_fault_tolerant
from ntscan.sources.volumes.volume import Volume, VolumeTable
from ntscan.vocabulary import Stage


def mount_volumes(
    disk: DiskBytes, table: VolumeTable
) -> tuple[tuple[MountedVolume, ...], tuple[Blocked, ...]]:
    """Open the file system of each volume; those that cannot be are told with the reason."""
    blocked = [
        replace(
            _blocked(refusal.number, refusal.offset, refusal.message),
            leads_on=refusal.may_hold_nt,
        )
        for refusal in table.refused
    ]
    readable: list[tuple[Volume, FileSystem]] = []
    for volume in table.volumes:
        if volume.is_cut_off:
            blocked.append(_blocked(volume.number, volume.offset, _CUT_OFF))
        try:
            readable.append((volume, FileSystem(disk, volume)))
        except SourceError as error:
            blocked.append(_blocked(volume.number, volume.offset, str(error)))
    mounted = tuple(
        MountedVolume(file_system, _describe(volume, file_system, readable))
        for volume, file_system in readable
    )
    return mounted, tuple(blocked)


def _describe(
    volume: Volume, file_system: FileSystem, all_volumes: Sequence[tuple[Volume, FileSystem]]
) -> VolumeDescription:
    halves = [
        other
        for other, others in all_volumes
        if others.serial_number
        and _fault_tolerant(volume, other)
        and (other.length, others.serial_number) == (volume.length, file_system.serial_number)
    ]
    other = next((half for half in halves if half is not volume), None)
    return VolumeDescription(
        partition=volume.number,
        offset=volume.offset,
        length=volume.length,
        type=None if volume.type_code is None else f"0x{volume.type_code:02x}",
        filesystem=file_system.name,
        # NT gives the two halves of a mirror one letter.
        letter=halves[0].letter if halves else volume.letter,
        mirror=None if other is None else Mirror(partition=other.number, agrees=None),
    )


def _fault_tolerant(*volumes: Volume) -> bool:
    types = (volume.type_code for volume in volumes)
    return all(type_code is not None and is_fault_tolerant(type_code) for type_code in types)


def _blocked(number: int, offset: int, message: str) -> Blocked:
    return Blocked(
        path=f"[partition {number}, at byte {offset:,}]",
        place=(f"partition{number}",),
        message=message,
        leads_on=True,
        stage=Stage.VOLUME,
    )


_CUT_OFF: Final = (
    "the image ends before the volume does, and what lies past its end was not seen; copy the "
    "disk again"
)
