"""RtlInitUnicodeString and its like: from characters that end with zero to a counted string."""

from collections.abc import Mapping
from typing import Final

from ntscan.machinecode.kernel.call import Call, Model

#: The bytes of a string that lies where this run cannot look, unless an input says otherwise.
_USUAL_LENGTH: Final = 16
_MOST_BYTES: Final = 0xFFFC


def _initializer(width: int) -> Model:
    """Model the routine for characters of so many bytes."""

    def model(call: Call) -> int:
        memory, string, characters = call.memory, call[0], call[1]
        length = _length(call, characters, width) if characters else 0
        memory.write(string, 2, length)
        memory.write(string + 2, 2, length + width if characters else 0)
        memory.write(string + 4, 4, characters)
        return 0

    return model


def _length(call: Call, characters: int, width: int) -> int:
    """Count a constant of the image, in bytes; of any other string the length is an input."""
    section = call.memory.image.section_at(characters)
    if section is None or (section.writable and not section.executable):
        return call.kernel.decided(call.name, _USUAL_LENGTH) & (_MOST_BYTES + 2 - width)
    length = 0
    while length < _MOST_BYTES and call.memory.read(characters + length, width):
        length += width
    call.kernel.spend(length // 4)
    return length


MODELS: Final[Mapping[str, Model]] = {
    "RtlInitAnsiString": _initializer(1),
    "RtlInitString": _initializer(1),
    "RtlInitUnicodeString": _initializer(2),
}
