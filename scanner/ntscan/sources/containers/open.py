"""From a host file to the disk in it, whatever container holds that."""

from pathlib import Path
from typing import assert_never

from ntscan.errors import SourceError
from ntscan.sources.containers.disk_bytes import DiskBytes
from ntscan.sources.containers.parts import first_part, parts_of
from ntscan.sources.containers.raw import open_raw
from ntscan.sources.containers.recognise import container_format
from ntscan.vocabulary import ContainerFormat


def open_container(path: Path) -> DiskBytes:
    """Open the disk in a file, which is recognised by its content; without a signature it is raw.

    Of an image in several parts, any part can be given: all of them are read, from the first on.
    Raises SourceError, a sentence without the path that says what is wrong and what to do.
    """
    first = first_part(path)
    container = container_format(first)
    if container is None:
        return open_raw(parts_of(first))
    if container is not ContainerFormat.EWF:
        _refuse_split(first, container)
    return _open_as(container, first)


def _open_as(container: ContainerFormat, path: Path) -> DiskBytes:
    """Open a container; each kind's module is imported only where it is used."""
    match container:
        case ContainerFormat.EWF:
            from ntscan.sources.containers.ewf import EwfDisk  # noqa: PLC0415

            return EwfDisk(parts_of(path))
        case ContainerFormat.VMDK:
            from ntscan.sources.containers.vmdk import open_vmdk  # noqa: PLC0415

            return open_vmdk(path)
        case ContainerFormat.VHD | ContainerFormat.VHDX:
            from ntscan.sources.containers.vhd import VhdDisk  # noqa: PLC0415

            return VhdDisk(path, container)
        case ContainerFormat.QCOW2:
            from ntscan.sources.containers.qcow2 import Qcow2Disk  # noqa: PLC0415

            return Qcow2Disk(path)
        case ContainerFormat.VDI:
            from ntscan.sources.containers.vdi import VdiDisk  # noqa: PLC0415

            return VdiDisk(path)
        case ContainerFormat.RAW | ContainerFormat.SPLIT_RAW:
            return open_raw([path])
        case _:
            assert_never(container)


def _refuse_split(first: Path, container: ContainerFormat) -> None:
    parts = parts_of(first)
    if len(parts) > 1 and container_format(parts[1]) is None:
        raise SourceError(
            f"is a {container.value} image cut into {len(parts)} parts; join them into one file"
        )
