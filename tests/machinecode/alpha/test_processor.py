"""The Alpha processor: calls, faults, what ends a run, and what a branch depends on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.flat_memory import FlatMemory
from ntscan.machinecode.alpha.processor import AlphaProcessor
from ntscan.machinecode.processor import Comparison, Stop, StopKind

CODE = 0x8000_1000
DATA = CODE + 0x1000
STACK = CODE + 0x3000
END = CODE + 0x4000
OUTSIDE = 0x8080_0000

RET = 0x6BFA8001  # ret r31, (r26), 1
MOV_R16_R0 = 0x47F00400  # bis r31, r16, r0


def processor_with(*words: int, data: bytes = b"") -> AlphaProcessor:
    """A processor before a call of this code, which returns to outside."""
    code = b"".join(word.to_bytes(4, "little") for word in words)
    contents = code.ljust(DATA - CODE, b"\0") + data
    memory = FlatMemory(CODE, contents, size=END - CODE, code_end=CODE + len(code))
    processor = AlphaProcessor(memory, STACK)
    processor.start_call(CODE, [], OUTSIDE)
    return processor


def test_a_call_returns_where_the_kernel_said_with_everything_given_back() -> None:
    """A routine that returns its argument leaves the image at the return address."""
    processor = processor_with(MOV_R16_R0, RET)
    before = processor.preserved()
    processor.start_call(CODE, [0x9234_5678], OUTSIDE)
    assert processor.run(10) == Stop(kind=StopKind.LEFT_IMAGE, address=OUTSIDE)
    assert (processor.result(), processor.instructions) == (0x9234_5678, 2)
    assert processor.preserved() == before


@pytest.mark.parametrize(
    ("word", "index"),
    [
        (0x47F00400, 0),  # bis r31, r16, r0
        (0x47F50400, 5),  # bis r31, r21, r0
        (0xA01E0000, 6),  # ldl r0, 0(r30)
        (0xA01E0008, 7),  # ldl r0, 8(r30)
        (0xA01E0010, 8),  # ldl r0, 16(r30)
    ],
)
def test_a_routine_finds_its_arguments_where_the_calling_standard_has_them(
    word: int, index: int
) -> None:
    """Six in R16 to R21, the others from 0(SP) on; the caller takes them off again."""
    arguments = [0x8000_0000 + number for number in range(9)]
    processor = processor_with(word, RET)
    before = processor.preserved()
    processor.start_call(CODE, arguments, OUTSIDE)
    assert [processor.argument(number) for number in range(9)] == arguments
    assert processor.fastcall_argument(1) == arguments[1]
    processor.run(10)
    assert processor.result() == arguments[index]
    assert processor.preserved() == before


def test_a_routine_outside_is_answered_by_the_kernel_model() -> None:
    """The run stops at its address, and goes on behind the call with the answer in V0."""
    # ldah r27, hi; lda r27, lo(r27); jsr r26, (r27); bis r31, r0, r0: to 0x80800000.
    call = (0x277F8080, 0x237B0000, 0x6B5B4000)
    processor = processor_with(*call, 0x47E00400, RET)
    assert processor.run(10) == Stop(kind=StopKind.LEFT_IMAGE, address=OUTSIDE)
    assert processor.return_address() == CODE + 12
    processor.finish_call(0xC000_0001, arguments_on_stack=3)
    assert (processor.program_counter, processor.result()) == (CODE + 12, 0xC000_0001)


@pytest.mark.parametrize(
    ("words", "kind", "detail"),
    [
        ((0x40220403,), StopKind.LIMIT, ""),
        ((0x00000080,), StopKind.UNSUPPORTED, "call_pal bpt"),
        ((0x000000AA,), StopKind.UNSUPPORTED, "call_pal gentrap"),
        ((0x000000AB,), StopKind.UNSUPPORTED, "call_pal rdteb"),
        ((0x0000003F,), StopKind.UNSUPPORTED, "call_pal 0x3f"),
        ((0x8C300000,), StopKind.UNSUPPORTED, "ldt"),
        ((0x58221403,), StopKind.UNSUPPORTED, "ieee floating point"),
        ((0x70220623,), StopKind.UNSUPPORTED, "perr"),
        ((0x6000E000,), StopKind.UNSUPPORTED, "rc"),
        ((0x04000000,), StopKind.UNSUPPORTED, "opcode 0x1"),
        ((0x40220FE3,), StopKind.UNSUPPORTED, "opcode 0x10.0x7f"),
        # ldah r1, 0x7fff(r31); addl/v r1, r1, r3
        ((0x243F7FFF, 0x40210803), StopKind.FAULT, "integer overflow in addl/v"),
        # lda r1, -1(r31); srl r1, 1, r1; addq/v r1, 1, r3
        ((0x203FFFFF, 0x48203681, 0x40203C03), StopKind.FAULT, "integer overflow in addq/v"),
        # lda r1, -1(r31); srl r1, 31, r1; ldl r0, 0(r1): 0x1ffffffff
        (
            (0x203FFFFF, 0x4823F681, 0xA0010000),
            StopKind.FAULT,
            "not a 32-bit address, sign-extended: 0x1ffffffff",
        ),
        # ldl r0, 16(r31): nothing is there
        ((0xA01F0010,), StopKind.FAULT, "no memory at 0x10"),
        # ldl_l r0, 2(r30): NT fixes up no locked access
        ((0xA81E0002,), StopKind.FAULT, "a locked access to an unaligned address: 0x80004002"),
    ],
)
def test_a_run_ends_by_name(words: tuple[int, ...], kind: StopKind, detail: str) -> None:
    """What ends a run is named, at the instruction's address."""
    processor = processor_with(*words)
    stop = processor.run(len(words))
    at = CODE + 4 * (len(words) - 1)
    assert (stop.kind, stop.detail) == (kind, detail)
    assert stop.address == (at + 4 if kind is StopKind.LIMIT else at)
    assert processor.instructions == len(words) - (kind is not StopKind.LIMIT)


def test_an_unaligned_access_is_fixed_up() -> None:
    """NT does it, so LDL at an odd address reads the four bytes there."""
    # ldah r1, 0x8000(r31); lda r1, 0x2000(r1); ldl r0, 1(r1)
    processor = processor_with(0x243F8000, 0x20212000, 0xA0010001, RET, data=bytes(range(8)))
    processor.run(10)
    assert processor.result() == 0x04030201


@pytest.mark.parametrize(
    ("words", "comparison"),
    [
        # ldl r1, 0(r16); beq r1: a value from memory is its own test.
        ((0xA0300000, 0xE4200000), ("test", 0x4B524F46, 0x4B524F46, 4)),
        # ldl r1, 0(r16); blbc r1
        ((0xA0300000, 0xE0200000), ("and", 0x4B524F46, 1, 4)),
        # ldl r1, 0(r16); and r1, 6, r2; cmpeq r2, 6, r3; bne r3
        (
            (0xA0300000, 0x4420D002, 0x4040D5A3, 0xF4600000),
            ("cmpeq", 6, 6, 4),
        ),
        # ldl r1, 0(r16); and r1, 6, r2; beq r2
        ((0xA0300000, 0x4420D002, 0xE4400000), ("and", 0x4B524F46, 6, 4)),
        # ldl r1, 0(r16); ldl r2, 4(r16); subl r1, r2, r3; beq r3
        (
            (0xA0300000, 0xA0500004, 0x40220123, 0xE4600000),
            ("subl", 0x4B524F46, 0x80000001, 4),
        ),
        # ldl r1, 0(r16); lda r2, -3(r1); bne r2: LDA subtracts
        ((0xA0300000, 0x2041FFFD, 0xF4400000), ("subq", 0x4B524F46, 3, 4)),
        # ldq_u r1, 1(r16); extbl r1, 1, r2; beq r2
        (
            (0x2C300001, 0x482030C2, 0xE4400000),
            ("extbl", 0x80000001_4B524F46, 1, 8),
        ),
        # ldl r1, 0(r16); cmpult r1, 8, r2; and r2, 255, r3; xor r3, 1, r3; blbs r3
        (
            (0xA0300000, 0x402113A2, 0x445FF003, 0x44603803, 0xF0600000),
            ("cmpult", 0x4B524F46, 8, 4),
        ),
        # ldl r1, 0(r16); cmpeq r1, 0, r2; bis r31, r2, r3; bne r3: a copy
        (
            (0xA0300000, 0x402015A2, 0x47E20403, 0xF4600000),
            ("cmpeq", 0x4B524F46, 0, 4),
        ),
        # ldl r1, 0(r16); lda r2, -3(r1); addl r2, 0, r3; beq r3: a copy, by a literal
        (
            (0xA0300000, 0x2041FFFD, 0x40401003, 0xE4600000),
            ("subq", 0x4B524F46, 3, 4),
        ),
        # beq r16: an argument
        ((0xE6000000,), ("test", DATA, DATA, 4)),
    ],
)
def test_a_branch_hook_learns_what_the_branch_depends_on(
    words: tuple[int, ...], comparison: tuple[str, int, int, int]
) -> None:
    """The operands of the instruction behind the tested register, also through copies of it."""
    data = (0x4B524F46).to_bytes(4, "little") + (0x80000001).to_bytes(4, "little")
    processor = processor_with(*words, RET, data=data)
    learnt: list[Comparison | None] = []

    def hook(_: int, taken: bool) -> bool:
        learnt.append(processor.comparison())
        return taken

    processor.branch_hook = hook
    processor.start_call(CODE, [DATA], OUTSIDE)
    processor.run(10)
    operation, left, right, size = comparison
    assert learnt[-1] == Comparison(operation=operation, left=left, right=right, size=size)
    assert processor.comparison() is None


@pytest.mark.parametrize(
    ("words", "asked_at", "results"),
    [
        # cmpeq r31, 1, r0: what it finds is the result
        ((0x43E035A0, RET), [0], (0, 1)),
        # cmpeq r31, 1, r1; bne r1, +1; bis r31, 1, r0: the branch asks
        ((0x43E035A1, 0xF4200001, 0x47E03400, RET), [1], (1, 0)),
        # cmovne r31, 1, r0
        ((0x47E034C0, RET), [0], (0, 1)),
    ],
    ids=["a comparison", "a comparison with its branch", "a conditional move"],
)
def test_a_branch_hook_decides_conditions_without_a_branch(
    words: tuple[int, ...], asked_at: list[int], results: tuple[int, int]
) -> None:
    """A comparison whose result is kept, and a conditional move, are asked as a branch is."""
    for answer, expected in zip((False, True), results, strict=True):
        processor = processor_with(*words)
        asked: list[int] = []

        def hook(address: int, _: bool, *, asked: list[int] = asked, answer: bool = answer) -> bool:
            asked.append((address - CODE) // 4)
            return answer

        processor.branch_hook = hook
        processor.run(10)
        assert asked == asked_at
        assert processor.result() == expected


def test_a_branch_hook_decides_where_a_branch_goes() -> None:
    """It is told the branch's address and where it would go, and is obeyed."""
    # beq r31, +1: always taken; bis r31, 1, r0; ret
    processor = processor_with(0xE7E00001, 0x47E03400, RET)
    asked: list[tuple[int, bool]] = []

    def hook(address: int, taken: bool) -> bool:
        asked.append((address, taken))
        assert processor.program_counter == address
        return False

    processor.branch_hook = hook
    processor.run(10)
    assert asked == [(CODE, True)]
    assert processor.result() == 1


def test_the_answer_of_a_routine_outside_has_no_origin_in_the_image() -> None:
    """A branch on V0 after ``finish_call`` tests the answer itself."""
    # cmpeq r31, 0, r0; jsr r26, (r16); bne r0
    processor = processor_with(0x43E015A0, 0x6B504000, 0xF4000000, RET)
    learnt: list[Comparison | None] = []

    def hook(_: int, taken: bool) -> bool:
        learnt.append(processor.comparison())
        return taken

    processor.branch_hook = hook
    processor.start_call(CODE, [OUTSIDE + 0x100], OUTSIDE)
    processor.run(10)
    processor.finish_call(0xC000_0001)
    processor.run(1)
    assert learnt[-1] == Comparison(operation="test", left=0xC000_0001, right=0xC000_0001, size=4)


def test_what_was_saved_comes_back() -> None:
    """Registers, program counter and arguments on the stack are those of the time of saving."""
    processor = processor_with(MOV_R16_R0, RET)
    before = processor.preserved()
    processor.start_call(CODE, list(range(8)), OUTSIDE)
    saved = processor.save()
    processor.run(10)
    processor.restore(saved)
    assert (processor.program_counter, processor.argument(7)) == (CODE, 7)
    processor.run(10)
    assert processor.preserved() == before
    with pytest.raises(TypeError):
        processor.restore(())


@pytest.mark.parametrize(
    ("word", "is_alike"),
    [
        (0x47FF041F, True),  # nop
        (0x603FC000, False),  # rpcc r1
        (0xA83E0000, False),  # ldl_l r1, 0(r30)
    ],
)
def test_what_was_saved_is_equal_only_where_all_goes_on_alike(word: int, is_alike: bool) -> None:
    """The cycle counter and a lock count, though no register that code can read shows them."""
    # again: word; bis r31, r31, r1; br r31, again
    processor = processor_with(word, 0x47FF0401, 0xC3FFFFFD)
    processor.run(3)
    processor.restore(processor.save())  # which leaves nothing locked
    before = processor.save()
    processor.run(3)
    assert processor.program_counter == CODE
    assert (processor.save() == before) is is_alike


@given(
    words=st.lists(st.integers(0, 0xFFFF_FFFF), min_size=1, max_size=40),
    arguments=st.lists(st.integers(0, 0xFFFF_FFFF), max_size=6),
    hooked=st.booleans(),
)
def test_no_code_makes_a_run_raise_or_exceed_its_limit(
    words: list[int], arguments: list[int], hooked: bool
) -> None:
    """Whatever the words are, the run ends with a reason, and the zero register is zero."""
    processor = processor_with(*words)
    if hooked:
        processor.branch_hook = lambda _, taken: taken and processor.comparison() is not None
    processor.start_call(CODE, arguments, OUTSIDE)
    stop = processor.run(200)
    assert processor.instructions <= 200
    assert (stop.kind is StopKind.LIMIT) == (processor.instructions == 200)
    assert all(0 <= value < 1 << 64 for value in processor.preserved())
