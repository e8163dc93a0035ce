"""Filling, moving and comparing memory (ntddk.h; the C runtime's for cdecl)."""

from collections.abc import Mapping
from typing import Final

from ntscan.machinecode.kernel.call import Call, Model
from ntscan.machinecode.kernel.state import PathEndError

_LONGEST: Final = 0x4000


def _length(call: Call, index: int) -> int:
    length = call[index]
    if length > _LONGEST:
        raise PathEndError(f"{call.name} is given 0x{length:x} bytes at 0x{call.at:x}")
    call.kernel.spend(length // 4)
    return length


def _zero(call: Call) -> int:
    call.memory.write_bytes(call[0], bytes(_length(call, 1)))
    return 0


def _fill(call: Call) -> int:
    call.memory.write_bytes(call[0], bytes([call[2] & 0xFF]) * _length(call, 1))
    return 0


def _set(call: Call) -> int:
    call.memory.write_bytes(call[0], bytes([call[1] & 0xFF]) * _length(call, 2))
    return call[0]


def _move(call: Call) -> int:
    source, target, length = call[1], call[0], _length(call, 2)
    memory = call.memory
    if (source | target) % 4 == 0:
        # Word by word where it can be: an unknown pointer that is copied stays one.
        words = [memory.read(source + at, 4) for at in range(0, length & ~3, 4)]
        for number, word in enumerate(words):
            memory.write(target + 4 * number, 4, word)
        source, target, length = source + 4 * len(words), target + 4 * len(words), length % 4
    memory.write_bytes(target, memory.read_bytes(source, length))
    return call[0]


def _compare(call: Call) -> int:
    length = _length(call, 2)
    left = call.memory.read_bytes(call[0], length)
    right = call.memory.read_bytes(call[1], length)
    return next((at for at in range(length) if left[at] != right[at]), length)


def _order(call: Call) -> int:
    length = _length(call, 2)
    left = call.memory.read_bytes(call[0], length)
    right = call.memory.read_bytes(call[1], length)
    return ((left > right) - (left < right)) & 0xFFFFFFFF


MODELS: Final[Mapping[str, Model]] = {
    "RtlZeroMemory": _zero,
    "RtlFillMemory": _fill,
    "RtlCopyMemory": _move,
    "RtlMoveMemory": _move,
    "RtlCompareMemory": _compare,
    "memset": _set,
    "memcpy": _move,
    "memmove": _move,
    "memcmp": _order,
}
