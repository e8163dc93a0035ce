"""What the instructions outside the subset are called, for the sentence that names them."""

from typing import Final

_NAMES: Final = {
    0x06: "push es",
    0x07: "pop es",
    0x0E: "push cs",
    0x16: "push ss",
    0x17: "pop ss",
    0x1E: "push ds",
    0x1F: "pop ds",
    0x27: "daa",
    0x2F: "das",
    0x37: "aaa",
    0x3F: "aas",
    0x62: "bound",
    0x63: "arpl",
    0x6C: "ins",
    0x6D: "ins",
    0x6E: "outs",
    0x6F: "outs",
    0x8C: "mov from a segment register",
    0x8E: "mov to a segment register",
    0x9A: "call far",
    0x9B: "fwait",
    0xC4: "les",
    0xC5: "lds",
    0xCA: "ret far",
    0xCB: "ret far",
    0xCC: "int 3",
    0xCD: "int",
    0xCE: "into",
    0xCF: "iret",
    0xD4: "aam",
    0xD5: "aad",
    0xD6: "salc",
    **dict.fromkeys(range(0xD8, 0xE0), "an x87 instruction"),
    **dict.fromkeys((0xE4, 0xE5, 0xEC, 0xED), "in"),
    **dict.fromkeys((0xE6, 0xE7, 0xEE, 0xEF), "out"),
    0xEA: "jmp far",
    0xF1: "int 1",
    0xF4: "hlt",
    0x0F00: "sldt or its like",
    0x0F01: "lgdt or its like",
    0x0F02: "lar",
    0x0F03: "lsl",
    0x0F06: "clts",
    0x0F08: "invd",
    0x0F09: "wbinvd",
    0x0F0B: "ud2",
    **dict.fromkeys(range(0x0F20, 0x0F24), "mov of a control or debug register"),
    0x0F30: "wrmsr",
    0x0F31: "rdtsc",
    0x0F32: "rdmsr",
    0x0F33: "rdpmc",
    0x0F34: "sysenter",
    0x0F35: "sysexit",
    0x0F77: "emms",
    0x0FA0: "push fs",
    0x0FA1: "pop fs",
    0x0FA2: "cpuid",
    0x0FA8: "push gs",
    0x0FA9: "pop gs",
    0x0FAE: "fxsave or its like",
    0x0FB2: "lss",
    0x0FB4: "lfs",
    0x0FB5: "lgs",
}
_VECTOR: Final = (
    *range(0x0F10, 0x0F18),
    *range(0x0F28, 0x0F30),
    *range(0x0F50, 0x0F80),
    0x0FC2,
    *range(0x0FC4, 0x0FC7),
    *range(0x0FD0, 0x1000),
)


def name_of(opcode: int) -> str:
    """Name the instruction of an opcode; 0x0F stands before the second byte of a long one."""
    known = _NAMES.get(opcode)
    if known is not None:
        return known
    if opcode in _VECTOR:
        return "an MMX or SSE instruction"
    return f"opcode {opcode:02x}" if opcode < 0x0F00 else f"opcode 0f {opcode & 0xFF:02x}"  # noqa: PLR2004  opcode
