"""Pool (ntddk.h): what a block holds at first is unknown."""

from collections.abc import Mapping
from typing import Final

from ntscan.machinecode.blocks import BlockKind
from ntscan.machinecode.kernel.call import Call, Model
from ntscan.machinecode.kernel.state import PathEndError

_LARGEST: Final = 0x40000


def _allocate(call: Call) -> int:
    size = call[1]
    if size > _LARGEST:
        raise PathEndError(f"0x{size:x} bytes of pool are allocated at 0x{call.at:x}")
    block = call.memory.allocate(BlockKind.POOL, size, f"pool block of 0x{call.at:x}")
    return block.address if call.kernel.decided(call.name, block.address) else 0


def _free(call: Call) -> int:
    block = call.memory.block_at(call[0])
    if block is None:
        return 0  # one from before the run
    if block.kind is BlockKind.IRP or block.address != call[0]:
        raise PathEndError(f"what is no pool block is freed as one at 0x{call.at:x}")
    if block.freed:
        call.kernel.doubt(f"a pool block is freed twice, at 0x{call.at:x}")
    else:
        call.memory.free(block)
    return 0


MODELS: Final[Mapping[str, Model]] = {
    "ExAllocatePool": _allocate,
    "ExAllocatePoolWithTag": _allocate,
    "ExAllocatePoolWithQuota": _allocate,
    "ExAllocatePoolWithQuotaTag": _allocate,
    "ExFreePool": _free,
    "ExFreePoolWithTag": _free,
}
