"""The operands of an instruction: registers, memory at an address, and constants."""

from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct

from ntscan.machinecode.i386.state import ESP, MASK, State

Load: TypeAlias = Callable[[], int]
Store: TypeAlias = Callable[[int], None]


class Operand(Struct, frozen=True):
    """How a register or memory operand is read and written, unsigned.

    ``register`` is its number where it is a 32-bit register; ``address`` gives that of memory.
    """

    load: Load
    store: Store
    size: int
    register: int | None = None
    address: Load | None = None


class Address(Struct, frozen=True):
    """How the address of memory is worked out: by registers, and a displacement of 32 bits."""

    base: int | None
    index: int | None
    scale: int
    displacement: int


def constant(value: int) -> Load:
    """Return what loads an immediate operand."""
    return lambda: value


def register_operand(state: State, number: int, size: int) -> Operand:
    """Return a register of 4, 2 or 1 bytes; numbers 4 to 7 of a byte are AH, CH, DH and BH."""
    registers = state.registers
    if size == 4:  # noqa: PLR2004  bytes
        return Operand(
            load=lambda: registers[number],
            store=lambda value: registers.__setitem__(number, value),
            size=4,
            register=number,
        )
    shift = 8 if size == 1 and number >= ESP else 0
    mask = (1 << 8 * size) - 1
    keep = MASK ^ mask << shift
    if shift:
        number -= ESP

    def store(value: int) -> None:
        registers[number] = registers[number] & keep | value << shift

    return Operand(load=lambda: registers[number] >> shift & mask, store=store, size=size)


def memory_operand(state: State, address: Address, size: int) -> Operand:
    """Return the operand of so many bytes at an address that is worked out at each access."""
    if size == 4 and address.base is not None and address.index is None:  # noqa: PLR2004  bytes
        return _word_behind_register(state, address.base, address.displacement)
    return memory_behind(state, _worked_out(state, address), size)


def memory_behind(state: State, address: Load, size: int) -> Operand:
    """Return the operand of so many bytes at an address that is loaded at each access."""
    read, write = state.read, state.write
    return Operand(
        load=lambda: read(address(), size),
        store=lambda value: write(address(), size, value),
        size=size,
        address=address,
    )


def _word_behind_register(state: State, base: int, displacement: int) -> Operand:
    """Return the operand that most instructions have, found among memory's words without a call."""
    registers, words = state.registers, state.memory.words
    read, write, known = state.read, state.write, words.get

    def load() -> int:
        address = registers[base] + displacement & MASK
        word = known(address)
        return read(address, 4) if word is None else word

    def store(value: int) -> None:
        address = registers[base] + displacement & MASK
        if address in words:
            words[address] = value
        else:
            write(address, 4, value)

    return Operand(
        load=load, store=store, size=4, address=lambda: registers[base] + displacement & MASK
    )


def _worked_out(state: State, address: Address) -> Load:
    registers = state.registers
    base, index, scale = address.base, address.index, address.scale
    displacement = address.displacement
    if index is None:
        if base is None:
            return constant(displacement)
        return lambda: registers[base] + displacement & MASK
    if base is None:
        return lambda: (registers[index] << scale) + displacement & MASK
    return lambda: registers[base] + (registers[index] << scale) + displacement & MASK
