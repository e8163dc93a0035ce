"""What the functions of an Alpha image call, found by following constants along every branch."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ntscan.machinecode.alpha.control import CONDITIONAL_BRANCHES
from ntscan.machinecode.alpha.instruction import INSTRUCTION_SIZE, Instruction
from ntscan.machinecode.alpha.known_values import (
    Known,
    Value,
    at_entry,
    execute,
    forget_in_call,
    merged,
)
from ntscan.machinecode.alpha.words import LONGWORD
from ntscan.machinecode.loader.loaded_image import Import

_JUMP: Final = 0x1A
_BR: Final = 0x30
_BSR: Final = 0x34
#: STL, STQ and STL_C; A0 to A5.
_STORES: Final = frozenset((0x2C, 0x2D, 0x2E))
_ARGUMENTS: Final = range(16, 22)
# The kinds of jump, from bits 14 and 15: they differ in what they let the processor predict.
_JMP: Final = 0
_JSR: Final = 1


@dataclass(slots=True, kw_only=True)
class Function:
    """A function, where it ends, and what it calls, by the address of the call.

    ``imports`` are calls of imported routines, ``calls`` those of addresses in the image; a jump
    out of the function is a call, too. ``handed_on`` are imported routines whose address is stored,
    or is an argument; ``named`` addresses that it stores or gives as arguments. ``only_jumps`` says
    that it does nothing but jump to an imported routine.
    """

    begin: int
    end: int
    imports: dict[int, Import] = field(default_factory=dict)
    handed_on: dict[int, Import] = field(default_factory=dict)
    named: set[int] = field(default_factory=set)
    calls: dict[int, int] = field(default_factory=dict)
    only_jumps: bool = False


class Allowance:
    """How many instructions may still be looked at."""

    def __init__(self, instructions: int) -> None:
        self.left = instructions

    def spend(self, instructions: int) -> bool:
        """Take so many; ``False`` where they are used up."""
        self.left -= instructions
        return self.left >= 0


def follow(
    begin: int,
    code: bytes,
    imports: Mapping[int, Import],
    allowance: Allowance,
    *,
    to_the_end: bool,
) -> Function:
    """Return what the function of this address and these bytes calls.

    ``to_the_end`` says that all of the bytes are the function's: what no branch is seen to reach
    is followed as well, such as the cases of a jump table.
    """
    if len(code) < INSTRUCTION_SIZE or not allowance.spend(len(code) // INSTRUCTION_SIZE):
        return Function(begin=begin, end=begin + len(code))
    return _Follower(begin, code, imports).follow(allowance, to_the_end=to_the_end)


class _Follower:
    """One function while it is followed, block by block."""

    def __init__(self, begin: int, code: bytes, imports: Mapping[int, Import]) -> None:
        words = struct.unpack(f"<{len(code) // INSTRUCTION_SIZE}I", code[: len(code) & ~3])
        self._instructions = [
            Instruction(begin + INSTRUCTION_SIZE * number & LONGWORD, word)
            for number, word in enumerate(words)
        ]
        self._begin = begin
        self._imports = imports
        self._function = Function(begin=begin, end=begin + len(code))
        self._leaders = self._block_starts()
        self._known: dict[int, Known] = {}
        self._waiting: list[int] = []
        self._at_computed_jumps: Known | None = None

    def follow(self, allowance: Allowance, *, to_the_end: bool) -> Function:
        """Follow every block until nothing more is learnt, or the allowance is used up."""
        for start in sorted(self._leaders) if to_the_end else [0]:
            if start in self._known:
                continue
            # Nothing is seen to come here: the entry, a case of a jump table, or dead code.
            known = at_entry() if start == 0 else self._at_computed_jumps
            self._reach(start, at_entry() if known is None else known)
            while self._waiting:
                if not self._follow_block(self._waiting.pop(), allowance):
                    return self._function
        self._function.only_jumps = self._is_jump()
        return self._function

    def _block_starts(self) -> frozenset[int]:
        """Return the places where control can arrive: the entry, and around every branch."""
        starts = {0}
        for index, instruction in enumerate(self._instructions):
            if instruction.opcode in CONDITIONAL_BRANCHES or instruction.opcode == _BR:
                starts |= {index + 1, self._index(instruction.target)}
            elif instruction.opcode == _JUMP and _kind(instruction) != _JSR:
                starts.add(index + 1)
        return frozenset(start for start in starts if 0 <= start < len(self._instructions))

    def _index(self, address: int) -> int:
        """Return the place of an instruction by its address; of none within the function, -1."""
        index = (address - self._begin & LONGWORD) // INSTRUCTION_SIZE
        return index if index < len(self._instructions) else -1

    def _reach(self, index: int, known: Known) -> None:
        """Arrive at a block's start; where it teaches something new, follow the block again."""
        before = self._known.get(index)
        after = dict(known) if before is None else merged(before, known)
        if after != before:
            self._known[index] = after
            self._waiting.append(index)

    def _follow_block(self, index: int, allowance: Allowance) -> bool:
        """Follow one block to its end; ``False`` where the allowance is used up."""
        known = dict(self._known[index])
        while allowance.spend(1):
            instruction = self._instructions[index]
            if not self._passes(instruction, known):
                return True
            index += 1
            if index == len(self._instructions):
                return True
            if index in self._leaders:
                self._reach(index, known)
                return True
        return False

    def _passes(self, instruction: Instruction, known: Known) -> bool:
        """Execute an instruction, arrive where it branches; say whether it goes on behind it."""
        opcode = instruction.opcode
        if opcode in _STORES:
            self._hands_on(instruction, known.get(instruction.ra))
        elif opcode in (_JUMP, _BSR):
            for argument in _ARGUMENTS:
                self._hands_on(instruction, known.get(argument))
        if opcode == _JUMP:
            return self._jumps(instruction, known)
        execute(known, instruction, self._imports)
        if opcode == _BSR:
            self._function.calls[instruction.address] = instruction.target
            forget_in_call(known)
        elif opcode == _BR or opcode in CONDITIONAL_BRANCHES:
            self._goes_to(instruction, instruction.target, known)
        return opcode != _BR

    def _hands_on(self, instruction: Instruction, value: Value | None) -> None:
        if isinstance(value, Import):
            self._function.handed_on[instruction.address] = value
        elif value is not None:
            self._function.named.add(value & LONGWORD)

    def _jumps(self, instruction: Instruction, known: Known) -> bool:
        target, kind = known.get(instruction.rb), _kind(instruction)
        execute(known, instruction, self._imports)
        # What an earlier visit took for known may have turned out to be so on one way only.
        self._function.imports.pop(instruction.address, None)
        self._function.calls.pop(instruction.address, None)
        if isinstance(target, Import):
            self._function.imports[instruction.address] = target
        elif isinstance(target, int) and kind == _JSR:
            self._function.calls[instruction.address] = target & LONGWORD
        elif isinstance(target, int):
            self._goes_to(instruction, target & LONGWORD, known)
        elif kind == _JMP:
            before = self._at_computed_jumps
            self._at_computed_jumps = dict(known) if before is None else merged(before, known)
        forget_in_call(known)
        return kind == _JSR

    def _goes_to(self, instruction: Instruction, target: int, known: Known) -> None:
        """Arrive within the function; leaving it is a call that returns to the caller."""
        index = self._index(target)
        if index >= 0:
            self._reach(index, known)
        else:
            self._function.calls[instruction.address] = target

    def _is_jump(self) -> bool:
        for instruction in self._instructions:
            if instruction.opcode == _JUMP:
                return _kind(instruction) == _JMP and instruction.address in self._function.imports
            if instruction.written_register is None:
                return False
        return False


def _kind(jump: Instruction) -> int:
    return jump.word >> 14 & 3
