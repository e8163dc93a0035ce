"""How long an instruction is, and where control can go from it: enough to walk through code.

It knows all of the i386's integer, x87 and MMX encodings, also where the interpreter stops at them
(Intel, "Software Developer's Manual", volume 2, appendix A).
"""

from enum import StrEnum
from typing import Final, NamedTuple

from ntscan.machinecode.i386.state import LONGEST_INSTRUCTION

_MASK: Final = 0xFFFFFFFF
_PREFIXES: Final = frozenset((0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3))
_OPERAND_SIZE: Final = 0x66
_ADDRESS_SIZE: Final = 0x67
#: Stands for an immediate of the operand's size.
_WORD: Final = -1
#: Stands for an address.
_WIDTH: Final = -2

_WITH_MODRM: Final = frozenset(
    (
        *(op << 3 | form for op in range(8) for form in range(4)),
        *(0x62, 0x63, 0x69, 0x6B),
        *range(0x80, 0x90),
        *(0xC0, 0xC1, 0xC4, 0xC5, 0xC6, 0xC7),
        *range(0xD0, 0xD4),
        *range(0xD8, 0xE0),
        *(0xF6, 0xF7, 0xFE, 0xFF),
    )
)
_IMMEDIATES: Final = {
    **{op << 3 | 4: 1 for op in range(8)},
    **{op << 3 | 5: _WORD for op in range(8)},
    **dict.fromkeys((0x68, 0x69, 0x81, 0xA9, 0xC7, 0xE8, 0xE9, *range(0xB8, 0xC0)), _WORD),
    **dict.fromkeys((0x6A, 0x6B, 0x80, 0x82, 0x83, 0xA8, 0xC0, 0xC1, 0xC6, 0xCD), 1),
    **dict.fromkeys((*range(0x70, 0x80), *range(0xB0, 0xB8), *range(0xE0, 0xE8), 0xEB), 1),
    **dict.fromkeys((0xD4, 0xD5), 1),
    **dict.fromkeys(range(0xA0, 0xA4), _WIDTH),
    **dict.fromkeys((0xC2, 0xCA), 2),
    0xC8: 3,
}
_LONG_WITHOUT_MODRM: Final = frozenset(
    (
        *range(0x05, 0x0C),
        *range(0x30, 0x38),
        0x77,
        *range(0x80, 0x90),
        *(0xA0, 0xA1, 0xA2, 0xA8, 0xA9, 0xAA),
        *range(0xC8, 0xD0),
    )
)
_LONG_IMMEDIATES: Final = {
    **dict.fromkeys((*range(0x70, 0x74), 0xA4, 0xAC, 0xBA, 0xC2, 0xC4, 0xC5, 0xC6), 1),
    **dict.fromkeys(range(0x80, 0x90), _WORD),
}
# Nothing is known of what follows: far jumps, three-byte opcodes.
_UNKNOWN: Final = frozenset((0x9A, 0xEA, 0x0F04, 0x0F0F, 0x0F38, 0x0F3A, 0x0FFF))
# RET, RET far, INT 3, INTO, IRET, HLT and UD2: nothing after them belongs to the same path.
_ENDS: Final = frozenset((0xC2, 0xC3, 0xCA, 0xCB, 0xCC, 0xCF, 0xF4, 0x0F0B))


class FlowKind(StrEnum):
    """Where control can go from an instruction."""

    NEXT = "next"
    BRANCH = "branch"
    JUMP = "jump"
    CALL = "call"
    INDIRECT_JUMP = "indirect_jump"
    INDIRECT_CALL = "indirect_call"
    END = "end"


class Flow(NamedTuple):
    """One instruction: its length in bytes, and where it goes.

    ``opcode`` has 0x0F before a second byte; ``modrm`` is -1 where there is none. ``target`` is
    where a branch, jump or call goes. ``slot`` is the constant address of its memory operand, if
    that is all there is to it; ``table`` that of a switch's jump table.
    """

    length: int
    kind: FlowKind
    opcode: int
    modrm: int = -1
    target: int | None = None
    slot: int | None = None
    table: int | None = None


def flow_at(code: bytes, address: int) -> Flow | None:
    """Read the instruction that the bytes at an address begin with; ``None`` if it is unknown."""
    position = 0
    word = width = 4
    while position < len(code) and code[position] in _PREFIXES:
        if code[position] == _OPERAND_SIZE:
            word = 2
        elif code[position] == _ADDRESS_SIZE:
            width = 2
        position += 1
    try:
        flow = _read(code, position, address, word, width)
    except IndexError:
        return None
    return flow if flow and flow.length <= min(len(code), LONGEST_INSTRUCTION) else None


def _read(code: bytes, position: int, address: int, word: int, width: int) -> Flow | None:
    """Read what follows the prefixes; ``word`` is the size of operands, ``width`` of addresses."""
    opcode = code[position]
    position += 1
    if opcode == 0x0F:  # noqa: PLR2004  opcode
        second = code[position]
        opcode, position = opcode << 8 | second, position + 1
        has_modrm = second not in _LONG_WITHOUT_MODRM
        immediate = _LONG_IMMEDIATES.get(second, 0)
    else:
        has_modrm = opcode in _WITH_MODRM
        immediate = _IMMEDIATES.get(opcode, 0)
    if opcode in _UNKNOWN:
        return None
    modrm, slot, table = -1, None, None
    if has_modrm:
        modrm = code[position]
        if width == 2:  # noqa: PLR2004  bytes
            position = _after_narrow_operand(modrm, position)
        else:
            position, slot, table = _operand(code, position)
        if opcode in (0xF6, 0xF7) and not modrm & 0x30:
            immediate = 1 if opcode == 0xF6 else _WORD  # noqa: PLR2004  opcode
    elif opcode in (0xA1, 0xA3) and width != 2:  # noqa: PLR2004  bytes
        slot = int.from_bytes(code[position : position + 4], "little")
    size = {_WORD: word, _WIDTH: width}.get(immediate, immediate)
    length = position + size
    target = None
    if _is_relative(opcode):
        displacement = int.from_bytes(code[position:length], "little", signed=True)
        target = (address + length + displacement) & _MASK
    return Flow(length, _kind(opcode, modrm), opcode, modrm, target, slot, table)


def _operand(code: bytes, position: int) -> tuple[int, int | None, int | None]:
    """Return the position after a ModRM operand, its constant address and its jump table."""
    modrm = code[position]
    mode, low = modrm >> 6, modrm & 7
    position += 1
    if mode == 3:  # noqa: PLR2004  a register
        return position, None, None
    index, base = False, low
    if low == 4:  # noqa: PLR2004  a SIB byte follows
        sib = code[position]
        index, base, position = sib & 0xF8 != 0x20, sib & 7, position + 1  # noqa: PLR2004  no index
    if mode == 1:
        return position + 1, None, None
    if mode == 0 and base != 5:  # noqa: PLR2004  no displacement
        return position, None, None
    constant = int.from_bytes(code[position : position + 4], "little")
    position += 4
    if mode:
        return position, None, None
    return (position, None, constant) if index else (position, constant, None)


def _after_narrow_operand(modrm: int, position: int) -> int:
    """Return the position after a ModRM operand of 16-bit addresses."""
    match modrm >> 6, modrm & 7:
        case (0, 6) | (2, _):
            return position + 3
        case (1, _):
            return position + 2
        case _:
            return position + 1


def _is_relative(opcode: int) -> bool:
    return (
        0x70 <= opcode < 0x80  # noqa: PLR2004  opcode
        or 0x0F80 <= opcode < 0x0F90  # noqa: PLR2004  opcode
        or 0xE0 <= opcode < 0xE4  # noqa: PLR2004  opcode
        or opcode in (0xE8, 0xE9, 0xEB)
    )


def _kind(opcode: int, modrm: int) -> FlowKind:
    if opcode == 0xFF:  # noqa: PLR2004  opcode
        return _KINDS_OF_FF.get(modrm >> 3 & 7, FlowKind.NEXT)
    return _KINDS.get(opcode, FlowKind.BRANCH if _is_relative(opcode) else FlowKind.NEXT)


_KINDS: Final = {
    0xE8: FlowKind.CALL,
    0xE9: FlowKind.JUMP,
    0xEB: FlowKind.JUMP,
    **dict.fromkeys(_ENDS, FlowKind.END),
}
_KINDS_OF_FF: Final = {
    2: FlowKind.INDIRECT_CALL,
    3: FlowKind.INDIRECT_CALL,
    4: FlowKind.INDIRECT_JUMP,
    5: FlowKind.INDIRECT_JUMP,
}
