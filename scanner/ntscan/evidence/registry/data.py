"""The data of registry values: from a type and bytes to Python's own types."""

from enum import IntEnum
from typing import Final, Literal, TypeAlias

from ntscan.errors import RegistryError

#: REG_SZ, REG_EXPAND_SZ and REG_LINK are ``str``, REG_DWORD of either byte order is ``int`` (0 to
#: 0xFFFFFFFF), REG_MULTI_SZ is a tuple, and everything else ``bytes``.
RegistryData: TypeAlias = str | int | tuple[str, ...] | bytes

#: The most strings of one REG_MULTI_SZ.
STRINGS_LIMIT: Final = 16_384

_DWORD_SIZE = 4


class RegistryType(IntEnum):
    """The types of registry values whose data is more than bytes (winnt.h)."""

    REG_SZ = 1
    REG_EXPAND_SZ = 2
    REG_DWORD = 4
    REG_DWORD_BIG_ENDIAN = 5
    REG_LINK = 6
    REG_MULTI_SZ = 7


def decode(value_type: int, data: bytes) -> RegistryData:
    """Read the data of a value as its type says; what is no UTF-16 becomes U+FFFD.

    Raises RegistryError where the bytes cannot be of that type.
    """
    match value_type:
        case RegistryType.REG_SZ | RegistryType.REG_EXPAND_SZ | RegistryType.REG_LINK:
            return _text(data).partition("\0")[0]
        case RegistryType.REG_DWORD:
            return _number(data, "little")
        case RegistryType.REG_DWORD_BIG_ENDIAN:
            return _number(data, "big")
        case RegistryType.REG_MULTI_SZ:
            return _texts(data)
        case _:
            return data


def _text(data: bytes) -> str:
    return data.decode("utf-16-le", errors="replace")


def _number(data: bytes, byte_order: Literal["little", "big"]) -> int:
    if len(data) != _DWORD_SIZE:
        raise RegistryError(f"a REG_DWORD takes 4 bytes, and these are {len(data)}")
    return int.from_bytes(data, byte_order)


def _texts(data: bytes) -> tuple[str, ...]:
    """Split a REG_MULTI_SZ at its NULs; one more NUL ends it, and an empty string is a string.

    PendingFileRenameOperations has empty strings in its midst: a file to be deleted.
    """
    texts = _text(data).split("\0")
    if len(texts) > STRINGS_LIMIT:
        raise RegistryError(f"a REG_MULTI_SZ of {len(texts):,} strings is not read")
    for _ in ("what follows the last NUL", "the NUL that ends the list"):
        if texts and not texts[-1]:
            texts.pop()
    return tuple(texts)
