"""Which container a host file is, by its content and never by its name."""

import os
from pathlib import Path
from typing import Final

from ntscan.errors import SourceError
from ntscan.sources.host_file import open_host_file
from ntscan.vocabulary import ContainerFormat

SECTOR_SIZE: Final = 512

# Signatures at the start: libewf's and libvmdk's format documents, [MS-VHDX], docs/interop/qcow2
# of QEMU. Those of kinds that are refused are here too, so that they are not taken for raw disks.
_HEADS: Final = (
    (b"EVF\x09\x0d\x0a\xff\x00", ContainerFormat.EWF),
    (b"LVF\x09\x0d\x0a\xff\x00", ContainerFormat.EWF),
    (b"EVF2\x0d\x0a\x81\x00", ContainerFormat.EWF),
    (b"LEF2\x0d\x0a\x81\x00", ContainerFormat.EWF),
    (b"KDMV", ContainerFormat.VMDK),
    (b"COWD", ContainerFormat.VMDK),
    (b"# Disk DescriptorFile", ContainerFormat.VMDK),
    (b"vhdxfile", ContainerFormat.VHDX),
    (b"conectix", ContainerFormat.VHD),
    (b"QFI\xfb", ContainerFormat.QCOW2),
)
_VDI_AT: Final = 64
_VDI_SIGNATURE: Final = b"\x7f\x10\xda\xbe"

#: The footer of a VHD is the last sector; Virtual PC before 2004 wrote it one byte short.
_VHD_FOOTER: Final = b"conectix"
_VHD_FOOTER_SIZES: Final = (512, 511)


def container_format(path: Path) -> ContainerFormat | None:
    """Return the container that a file is, or None where it bears no signature of one.

    Reads its first and its last sector. Raises SourceError where it cannot be read.
    """
    with open_host_file(str(path), follow_link=True) as file:
        try:
            head = file.read(SECTOR_SIZE)
            size = os.fstat(file.fileno()).st_size
            file.seek(max(size - SECTOR_SIZE, 0))
            tail = file.read(SECTOR_SIZE)
        except OSError as error:
            raise SourceError(f"cannot be read: {error.strerror}; copy it again") from error
    return format_of(head, tail)


def format_of(head: bytes, tail: bytes) -> ContainerFormat | None:
    """Return the container that begins and ends with these sectors, if it is one."""
    for signature, container in _HEADS:
        if head.startswith(signature):
            return container
    if head[_VDI_AT:].startswith(_VDI_SIGNATURE):
        return ContainerFormat.VDI
    if any(tail[-size:].startswith(_VHD_FOOTER) for size in _VHD_FOOTER_SIZES):
        return ContainerFormat.VHD
    return None
