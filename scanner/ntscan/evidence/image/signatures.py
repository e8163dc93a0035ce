"""What a file is by its first bytes, before anything reads its headers."""

from typing import Final

from ntscan.errors import ImageError

_DOS: Final = b"MZ"
_PE: Final = b"PE\0\0"
_END_OF_DOS_HEADER: Final = 0x40

_COMPRESSED: Final = "is compressed, as files on the CD of Windows NT are; expand it first"
#: What is given by mistake where a driver is wanted: file formats of NT's own, by their signature.
_NO_PROGRAM: Final = {
    b"regf": "is a registry hive, and no driver; give the system root that it is of",
    b"SZDD": _COMPRESSED,
    b"KWAJ": _COMPRESSED,
    b"MSCF": _COMPRESSED,
}
#: The formats of programs before and beside PE, by the signature that stands in its place.
_OTHER_PROGRAM: Final = {
    b"NE": "is an NE file, as programs for 16-bit Windows are, and no driver of Windows NT",
    b"LE": "is an LE file, as drivers of Windows 95 are, and no driver of Windows NT",
}


def pe_signature_at(data: bytes) -> int:
    """Return the offset of the PE signature in bytes.

    Raises ImageError, whose message is a sentence without the path, where the bytes are no PE
    image: it says what they are instead, where that can be told.
    """
    if not data:
        raise ImageError("is empty (0 bytes), so there is nothing to read")
    if not data.startswith(_DOS):
        other = "is no program (it does not begin with MZ); give the driver, or copy it again"
        raise ImageError(_NO_PROGRAM.get(data[:4], other))
    start = int.from_bytes(data[_END_OF_DOS_HEADER - 4 : _END_OF_DOS_HEADER], "little")
    if data[start : start + len(_PE)] != _PE:
        other = "is no PE image (it lacks the PE signature); copy the driver again"
        raise ImageError(_OTHER_PROGRAM.get(data[start : start + 2], other))
    return start
