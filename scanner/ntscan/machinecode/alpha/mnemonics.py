"""What the instructions outside the subset are called.

Names and codes: Alpha Architecture Handbook (Compaq, version 4), appendix C; the PALcode calls of
Windows NT: Alpha Architecture Reference Manual, "Windows NT Alpha Software (II-C)".
"""

from typing import Final

_OPCODES: Final = {
    0x14: "itof",
    0x15: "vax floating point",
    0x16: "ieee floating point",
    0x17: "floating point",
    0x19: "hw_mfpr",
    0x1B: "hw_ld",
    0x1D: "hw_mtpr",
    0x1E: "hw_rei",
    0x1F: "hw_st",
    0x20: "ldf",
    0x21: "ldg",
    0x22: "lds",
    0x23: "ldt",
    0x24: "stf",
    0x25: "stg",
    0x26: "sts",
    0x27: "stt",
    0x31: "fbeq",
    0x32: "fblt",
    0x33: "fble",
    0x35: "fbne",
    0x36: "fbge",
    0x37: "fbgt",
}
_FUNCTIONS: Final = {
    (0x1C, 0x31): "perr",
    (0x1C, 0x34): "unpkbw",
    (0x1C, 0x35): "unpkbl",
    (0x1C, 0x36): "pkwb",
    (0x1C, 0x37): "pklb",
    (0x1C, 0x38): "minsb8",
    (0x1C, 0x39): "minsw4",
    (0x1C, 0x3A): "minub8",
    (0x1C, 0x3B): "minuw4",
    (0x1C, 0x3C): "maxub8",
    (0x1C, 0x3D): "maxuw4",
    (0x1C, 0x3E): "maxsb8",
    (0x1C, 0x3F): "maxsw4",
    (0x1C, 0x70): "ftoit",
    (0x1C, 0x78): "ftois",
}
_MISCELLANEOUS: Final = {0xE000: "rc", 0xF000: "rs"}
_CALL_PAL: Final = {
    0x00: "halt",
    0x01: "restart",
    0x03: "reboot",
    0x04: "initpal",
    0x05: "wrentry",
    0x08: "di",
    0x09: "ei",
    0x0A: "swppal",
    0x0C: "ssir",
    0x0D: "csir",
    0x0E: "rfe",
    0x0F: "retsys",
    0x10: "swpctx",
    0x11: "swpprocess",
    0x12: "rdmces",
    0x13: "wrmces",
    0x14: "tbia",
    0x15: "tbis",
    0x16: "dtbis",
    0x17: "tbisasn",
    0x18: "rdksp",
    0x19: "swpksp",
    0x1A: "rdpsr",
    0x1C: "rdpcr",
    0x1E: "rdthread",
    0x20: "tbim",
    0x21: "tbimasn",
    0x30: "rdcounters",
    0x31: "rdstate",
    0x32: "wrperfmon",
    0x38: "initpcr",
    0x80: "bpt",
    0x83: "callsys",
    0xAA: "gentrap",
    0xAB: "rdteb",
    0xAC: "kbpt",
    0xAD: "callkd",
}


def unsupported_mnemonic(word: int) -> str:
    """Return the name of an instruction outside the subset, or its codes where it has none."""
    opcode = word >> 26
    match opcode:
        case 0x00:
            number = word & 0x3FF_FFFF
            return f"call_pal {_CALL_PAL.get(number, f'0x{number:x}')}"
        case 0x10 | 0x11 | 0x12 | 0x13 | 0x1C:
            function = word >> 5 & 0x7F
            return _FUNCTIONS.get((opcode, function), f"opcode 0x{opcode:x}.0x{function:x}")
        case 0x18:
            return _MISCELLANEOUS.get(word & 0xFFFF, f"opcode 0x18.0x{word & 0xFFFF:x}")
        case _:
            return _OPCODES.get(opcode, f"opcode 0x{opcode:x}")
