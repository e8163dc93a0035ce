"""Steps of LDA, LDAH, loads and stores.

NT fixes unaligned accesses up by itself, system-wide (MSDN Library, April 2000, "Programming Guide
for Alpha", "Unaligned Data Behavior on Alpha"), so that they simply work here. Those of a locked
access cannot be fixed up, and fault.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from ntscan.machinecode.alpha.instruction import LDA, LDAH, LDL, ZERO, Instruction
from ntscan.machinecode.alpha.state import (
    AlphaState,
    Step,
    memory_address,
    written,
)
from ntscan.machinecode.alpha.words import LONGWORD, QUADWORD, sign_extended
from ntscan.machinecode.processor import MemoryFault

_LONGWORD_SIZE: Final = 4
_QUADWORD_SIZE: Final = 8
_WITHIN_QUADWORD: Final = 7
#: Makes the step of an instruction; the number is the bytes of its access.
_Maker: TypeAlias = Callable[[AlphaState, Instruction, int], Step]


def memory_step(state: AlphaState, instruction: Instruction) -> Step | None:
    """Return the step of an instruction in memory format; ``None`` where it is of another kind."""
    if instruction.opcode not in _MAKERS:
        return None
    make, size = _MAKERS[instruction.opcode]
    return make(state, instruction, size)


def _load_address(state: AlphaState, instruction: Instruction, _: int) -> Step:
    registers, origins, following = state.registers, state.origins, instruction.next
    ra, rb = written(instruction.ra), instruction.rb
    displacement = instruction.displacement << (16 if instruction.opcode == LDAH else 0)

    def step() -> int:
        registers[ra] = registers[rb] + displacement & QUADWORD
        origins[ra] = None
        return following

    return step


def _load(state: AlphaState, instruction: Instruction, size: int) -> Step:
    registers, origins, read = state.registers, state.origins, state.memory.read
    ra, rb, displacement = instruction.ra, instruction.rb, instruction.displacement
    known, following = state.memory.words.get, instruction.next

    def unsigned() -> int:
        registers[ra] = read(memory_address(registers[rb] + displacement), size)
        origins[ra] = None
        return following

    def longword() -> int:
        address = memory_address(registers[rb] + displacement)
        word = known(address)
        registers[ra] = sign_extended(read(address, size) if word is None else word)
        origins[ra] = None
        return following

    def quadword() -> int:
        address = memory_address(registers[rb] + displacement)
        low, high = known(address), known(address + _LONGWORD_SIZE)
        if low is None or high is None:
            registers[ra] = read(address, size)
        else:
            registers[ra] = low | high << 32
        origins[ra] = None
        return following

    if ra == ZERO:
        return _hint(instruction)
    return {_LONGWORD_SIZE: longword, _QUADWORD_SIZE: quadword}.get(size, unsigned)


def _load_quadword_around(state: AlphaState, instruction: Instruction, size: int) -> Step:
    registers, origins, read = state.registers, state.origins, state.memory.read
    ra, rb, displacement = instruction.ra, instruction.rb, instruction.displacement
    following = instruction.next

    def step() -> int:
        address = memory_address(registers[rb] + displacement)
        registers[ra] = read(address & ~_WITHIN_QUADWORD, size)
        origins[ra] = None
        return following

    return _hint(instruction) if ra == ZERO else step


def _hint(instruction: Instruction) -> Step:
    """Return the step of a load into register 31: a prefetch, or UNOP; it never faults."""
    following = instruction.next
    return lambda: following


def _store(state: AlphaState, instruction: Instruction, size: int) -> Step:
    registers, write, following = state.registers, state.memory.write, instruction.next
    ra, rb, displacement = instruction.ra, instruction.rb, instruction.displacement
    words = state.memory.words

    def step() -> int:
        write(memory_address(registers[rb] + displacement), size, registers[ra])
        return following

    def longword() -> int:
        address = memory_address(registers[rb] + displacement)
        if address in words:
            words[address] = registers[ra] & LONGWORD
        else:
            write(address, size, registers[ra])
        return following

    def quadword() -> int:
        address = memory_address(registers[rb] + displacement)
        value = registers[ra]
        if address in words and address + _LONGWORD_SIZE in words:
            words[address] = value & LONGWORD
            words[address + _LONGWORD_SIZE] = value >> 32
        else:
            write(address, size, value)
        return following

    return {_LONGWORD_SIZE: longword, _QUADWORD_SIZE: quadword}.get(size, step)


def _store_quadword_around(state: AlphaState, instruction: Instruction, size: int) -> Step:
    registers, write, following = state.registers, state.memory.write, instruction.next
    ra, rb, displacement = instruction.ra, instruction.rb, instruction.displacement

    def step() -> int:
        address = memory_address(registers[rb] + displacement)
        write(address & ~_WITHIN_QUADWORD, size, registers[ra])
        return following

    return step


def _load_locked(state: AlphaState, instruction: Instruction, size: int) -> Step:
    registers, read, following = state.registers, state.memory.read, instruction.next
    ra, rb, displacement = written(instruction.ra), instruction.rb, instruction.displacement

    def step() -> int:
        address = _aligned(memory_address(registers[rb] + displacement), size)
        value = read(address, size)
        registers[ra] = sign_extended(value) if size == _LONGWORD_SIZE else value
        state.locked = address
        return following

    return step


def _store_conditional(state: AlphaState, instruction: Instruction, size: int) -> Step:
    registers, write, following = state.registers, state.memory.write, instruction.next
    ra, rb, displacement = instruction.ra, instruction.rb, instruction.displacement
    succeeded = written(ra)

    def step() -> int:
        address = _aligned(memory_address(registers[rb] + displacement), size)
        holds = state.locked == address
        if holds:
            write(address, size, registers[ra])
        state.locked = None
        registers[succeeded] = int(holds)
        return following

    return step


def _aligned(address: int, size: int) -> int:
    if address % size:
        raise MemoryFault(address, "a locked access to an unaligned address:")
    return address


_MAKERS: Final[dict[int, tuple[_Maker, int]]] = {
    LDA: (_load_address, 0),
    LDAH: (_load_address, 0),
    0x0A: (_load, 1),
    0x0B: (_load_quadword_around, _QUADWORD_SIZE),
    0x0C: (_load, 2),
    0x0D: (_store, 2),
    0x0E: (_store, 1),
    0x0F: (_store_quadword_around, _QUADWORD_SIZE),
    LDL: (_load, _LONGWORD_SIZE),
    0x29: (_load, _QUADWORD_SIZE),
    0x2A: (_load_locked, _LONGWORD_SIZE),
    0x2B: (_load_locked, _QUADWORD_SIZE),
    0x2C: (_store, _LONGWORD_SIZE),
    0x2D: (_store, _QUADWORD_SIZE),
    0x2E: (_store_conditional, _LONGWORD_SIZE),
    0x2F: (_store_conditional, _QUADWORD_SIZE),
}
