"""Device and file objects, references to objects, and MDLs (ntddk.h)."""

from collections.abc import Mapping
from typing import Final

from ntscan.machinecode.blocks import BlockKind
from ntscan.machinecode.kernel.call import Call, Model, answer
from ntscan.machinecode.origin import Origin

_MDL_SIZE: Final = 0x20
_IRP_MDL_ADDRESS: Final = 0x04


def _of_its_argument(call: Call) -> int:
    """Give an object that belongs to the argument: the same one for the same argument."""
    behind = call.memory.places.unknown.behind(call[0])
    what = str(behind[0]) if behind is not None and behind[1] == 0 else f"0x{call[0]:08x}"
    return call.memory.given(Origin(f"{call.name}({what})"))


def _reference_by_handle(call: Call) -> int:
    status = call.kernel.decided(f"status of {call.name}", 0)
    if not status:
        call.memory.write(call[4], 4, call.kernel.unknown_answer(call.name))
    return status


def _allocate_mdl(call: Call) -> int:
    mdl = call.memory.allocate(BlockKind.POOL, _MDL_SIZE, f"MDL of 0x{call.at:x}").address
    if not call.kernel.decided(call.name, mdl):
        return 0
    call.memory.write(mdl, 4, 0)
    if call[4] and not call[2] & 0xFF:
        call.memory.write(call[4] + _IRP_MDL_ADDRESS, 4, mdl)
    return mdl


MODELS: Final[Mapping[str, Model]] = {
    "IoGetRelatedDeviceObject": _of_its_argument,
    "IoGetBaseFileSystemDeviceObject": _of_its_argument,
    "IoGetAttachedDevice": _of_its_argument,
    "IoGetAttachedDeviceReference": _of_its_argument,
    "ObReferenceObjectByHandle": _reference_by_handle,
    "ObReferenceObjectByPointer": answer(0),
    "ObfReferenceObject": answer(2),
    "ObfDereferenceObject": answer(1),
    "ObDereferenceObject": answer(1),
    "ZwClose": answer(0),
    "IoAllocateMdl": _allocate_mdl,
    "IoFreeMdl": answer(0),
    "MmBuildMdlForNonPagedPool": answer(0),
    "MmProbeAndLockPages": answer(0),
    "MmUnlockPages": answer(0),
}
