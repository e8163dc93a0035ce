"""The functions of an image: where each begins, and the instructions that it can reach.

A function begins where it is called, where a pointer to code points, at the entry point and at the
exports. What jumps lead to belongs to the function that jumps, unless it is itself called.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from msgspec import Struct

from ntscan.machinecode.i386.code_flow import Flow, FlowKind, flow_at
from ntscan.machinecode.i386.state import LONGEST_INSTRUCTION
from ntscan.machinecode.loader.loaded_image import LoadedImage

#: The most instructions and cases of switches that are visited, each about twice: 600 KB of code.
_MOST_VISITS: Final = 400_000
_MOST_CASES: Final = 1024
_FARTHEST_BACK: Final = 0x4000
_MOST_GUESSES: Final = 64
_PADDING: Final = frozenset((0xCC, 0x90))
# PUSH EBP with MOV EBP, ESP, as the two kinds of assembler encode it; MOV EDI, EDI before.
_PROLOGS: Final = (b"\x55\x8b\xec", b"\x55\x89\xe5", b"\x8b\xff\x55")


class Function(Struct, frozen=True, kw_only=True):
    """A function's first address, and its instructions by their address.

    ``calls`` are the functions that it calls or ends in, by the address of the call or jump.
    """

    start: int
    instructions: Mapping[int, Flow]
    calls: Mapping[int, int]


class Code:
    """An image's code as it is walked through; each instruction is read once."""

    def __init__(self, image: LoadedImage) -> None:
        self._sections = [section for section in image.sections if section.executable]
        self._image = image
        self._pointers = frozenset(image.relocated_words)
        self._flows: dict[int, Flow | None] = {}
        self._visits = 0

    def holds(self, address: int) -> bool:
        """Say whether an address is that of code."""
        return any(each.address <= address < each.end for each in self._sections)

    def flow(self, address: int) -> Flow | None:
        """Return the instruction at an address; ``None`` where there is none that is known."""
        if address not in self._flows:
            self._flows[address] = flow_at(self.bytes_at(address, LONGEST_INSTRUCTION), address)
        return self._flows[address]

    def is_indirect_jump(self, address: int) -> bool:
        """Say whether a jump to where memory or a register points stands at an address."""
        flow = self.flow(address)
        return flow is not None and flow.kind is FlowKind.INDIRECT_JUMP

    def bytes_at(self, address: int, length: int) -> bytes:
        """Return up to so many bytes of code."""
        for section in self._sections:
            offset = address - section.address
            if 0 <= offset < len(section.contents):
                return section.contents[offset : offset + length]
        return b""

    def walk(self, start: int, called: Collection[int]) -> Function:
        """Follow every path from a function's start; where another one is called, it ends."""
        instructions: dict[int, Flow] = {}
        calls: dict[int, int] = {}
        waiting = [start]
        while waiting and self._visits < _MOST_VISITS:
            address = waiting.pop()
            flow = self.flow(address)
            if address in instructions or flow is None:
                continue
            self._visits += 1
            instructions[address] = flow
            for target in self._onwards(address, flow):
                if target in called and target != start and flow.kind is not FlowKind.NEXT:
                    calls[address] = target
                else:
                    waiting.append(target)
            if flow.kind is FlowKind.CALL and flow.target is not None and self.holds(flow.target):
                calls[address] = flow.target
        return Function(start=start, instructions=instructions, calls=calls)

    def _onwards(self, address: int, flow: Flow) -> Iterable[int]:
        """Return where control goes from an instruction within its function."""
        following = address + flow.length
        match flow.kind:
            case FlowKind.NEXT | FlowKind.CALL | FlowKind.INDIRECT_CALL:
                return (following,)
            case FlowKind.BRANCH if flow.target is not None:
                return (following, flow.target)
            case FlowKind.JUMP if flow.target is not None:
                return (flow.target,)
            case FlowKind.INDIRECT_JUMP if flow.table is not None:
                return self._cases(flow.table)
        return ()

    def _cases(self, table: int) -> Iterable[int]:
        """Return where a switch goes: the addresses of code that stand one behind the other."""
        for address in range(table, table + 4 * _MOST_CASES, 4):
            target = self._image.word(address)
            if target is None or not self.holds(target):
                return
            if self._pointers and address not in self._pointers:
                return
            self._visits += 1
            yield target

    def begins_as_function(self, address: int) -> bool:
        """Say whether a frame is set up there, which no case of a switch does."""
        return self.bytes_at(address, 3) in _PROLOGS

    def start_before(self, address: int) -> int | None:
        """Guess where the function begins that holds an address which no known one reaches."""
        for start in range(address, max(address - _FARTHEST_BACK, 0), -1):
            head = self.bytes_at(start - 1, 4)
            if not head:
                return None
            if self.begins_as_function(start) or (head[0] in _PADDING and head[1] not in _PADDING):
                function = self.walk(start, ())
                if address in function.instructions:
                    return start
        return None


def find_functions(code: Code, image: LoadedImage, wanted: Iterable[int]) -> tuple[Function, ...]:
    """Return the image's functions in order of their address.

    Where none that is known reaches an address of ``wanted``, the function is guessed that does.
    An indirect jump among those is taken for a function: a linker's thunk for an import.
    """
    references = set(wanted)
    called = {address for address in references if code.is_indirect_jump(address)}
    starts = _pointed_at(code, image) | called
    # Where a function ends in a jump to another shows only when all that are called are known.
    _walk_all(code, starts, called)
    functions = _walk_all(code, starts, called)
    reached = {address for each in functions.values() for address in each.instructions}
    for address in sorted(references - reached)[:_MOST_GUESSES]:
        start = code.start_before(address)
        if start is not None:
            called.add(start)
            functions |= _walk_all(code, {start}, called)
    inner = {
        address
        for function in functions.values()
        for address in function.instructions
        if address != function.start
    }
    return tuple(
        function
        for start, function in sorted(functions.items())
        if start in called or start not in inner or code.begins_as_function(start)
    )


def _pointed_at(code: Code, image: LoadedImage) -> set[int]:
    """Return what may be a function because the image names its address."""
    named = {image.word(address) for address in image.relocated_words}
    named |= {image.entry_point, *image.exports.values()}
    return {address for address in named if address is not None and code.holds(address)}


def _walk_all(code: Code, starts: Iterable[int], called: set[int]) -> dict[int, Function]:
    """Walk functions and those that they call; what is called is added to ``called``.

    A pointer into a function that has been walked is that to a case of its switch.
    """
    functions: dict[int, Function] = {}
    reached: set[int] = set()
    waiting = sorted(starts, reverse=True)
    while waiting:
        start = waiting.pop()
        is_inner = start in reached and start not in called and not code.begins_as_function(start)
        if start in functions or is_inner:
            continue
        functions[start] = function = code.walk(start, called)
        reached.update(function.instructions)
        for address, target in function.calls.items():
            if function.instructions[address].kind is FlowKind.CALL:
                called.add(target)
            waiting.append(target)
    return functions
