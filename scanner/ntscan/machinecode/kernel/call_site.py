"""From the address that a call returns to, to that of the call."""

from typing import Final

from ntscan.machinecode.address_space import AddressSpace
from ntscan.machinecode.processor import MemoryFault
from ntscan.vocabulary import Machine

_LONGEST_CALL: Final = 6
_ALPHA_INSTRUCTION: Final = 4


def call_site(memory: AddressSpace, return_address: int) -> int:
    """Give the RVA of the instruction that calls, and returns to an address in the image.

    Where the bytes before that address are no call, it is that of the return address itself.
    """
    site = memory.call_sites.get(return_address)
    if site is None:
        site = memory.call_sites[return_address] = _read_site(memory, return_address)
    return site


def _read_site(memory: AddressSpace, return_address: int) -> int:
    rva = return_address - memory.image.base
    if memory.image.machine is Machine.ALPHA:
        return rva - _ALPHA_INSTRUCTION
    try:
        code = memory.fetch(return_address - _LONGEST_CALL, _LONGEST_CALL)
    except MemoryFault:
        return rva
    return rva - _length_of_call(code)


def _length_of_call(code: bytes) -> int:
    """Give the length of the i386 call that ends a piece of code: E8, or FF /2."""
    match tuple(code):
        case (0xFF, modrm, _, _, _, _) if modrm == 0x15 or modrm & 0xF8 == 0x90:  # noqa: PLR2004
            return 6
        case (_, 0xE8, _, _, _, _):
            return 5
        case (_, _, _, 0xFF, modrm, _) if modrm & 0xF8 == 0x50:  # noqa: PLR2004
            return 3
        case (_, _, _, _, 0xFF, modrm) if modrm & 0x38 == 0x10:  # noqa: PLR2004
            return 2
        case _:
            return 0
