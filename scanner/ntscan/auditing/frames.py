"""Messages between the processes of one audit: a length, then so many bytes, over a pipe."""

import os
import struct
from typing import Final

_LENGTH: Final = struct.Struct(">Q")


def write_frame(pipe: int, data: bytes) -> None:
    """Write one message; raises BrokenPipeError where nobody reads."""
    write_all(pipe, _LENGTH.pack(len(data)) + data)


def write_all(file: int, data: bytes) -> None:
    """Write every byte to a file descriptor."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def read_frame(pipe: int) -> bytes | None:
    """Read one message; ``None`` where the other end was closed before it was whole."""
    head = _read(pipe, _LENGTH.size)
    return None if head is None else _read(pipe, _LENGTH.unpack(head)[0])


def _read(pipe: int, length: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < length:
        part = os.read(pipe, min(length - len(parts), 1 << 20))
        if not part:
            return None
        parts += part
    return bytes(parts)
