"""Pointers to IRPs that were freed, left where the driver can find them after its return."""

from ntscan.machinecode.address_map import BLOCKS, BLOCKS_END, KERNEL_STACK, KERNEL_STACK_END
from ntscan.machinecode.blocks import BlockKind
from ntscan.machinecode.kernel.state import Kernel


def note_pointers_left(kernel: Kernel) -> None:
    """Doubt a run that leaves a freed IRP's address in memory, or returns it.

    The stack is dead by then, and so is what was freed.
    """
    freed = {irp for irp, request in kernel.requests.items() if request.block.freed}
    if not freed:
        return
    if kernel.processor.result() in freed:
        kernel.doubt("it returns the address of an IRP that was freed")
    words = kernel.memory.words
    if freed.isdisjoint(words.values()):
        return
    for address, word in words.items():
        if word in freed and not _is_dead(kernel, address):
            kernel.doubt("it leaves the address of an IRP that was freed in memory")
            return


def _is_dead(kernel: Kernel, address: int) -> bool:
    if KERNEL_STACK <= address < KERNEL_STACK_END:
        return True
    if not BLOCKS <= address < BLOCKS_END:
        return False
    block = kernel.memory.block_at(address)
    return block is not None and block.kind is BlockKind.IRP
