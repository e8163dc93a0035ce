"""What the kernel model is told by the i386 processor: stops, branches, calls and registers."""

from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fixtures.flat_memory import FlatMemory
from ntscan.machinecode.i386.code_flow import flow_at
from ntscan.machinecode.i386.decode import decode
from ntscan.machinecode.i386.instruction import Instruction
from ntscan.machinecode.i386.processor import I386Processor
from ntscan.machinecode.i386.state import (
    EAX,
    EBX,
    ECX,
    EDI,
    EDX,
    ESP,
    ProcessorFaultError,
    UnsupportedInstructionError,
)
from ntscan.machinecode.processor import Comparison, Stop, StopKind

CODE: Final = 0x1000
STACK: Final = 0x3000
FS: Final = 0x2000
OUTSIDE: Final = 0xFFFF0000


def processor_with(code: str | bytes) -> I386Processor:
    """A processor at the first byte of some code, before 8 KB of other memory."""
    contents = bytes.fromhex(code) if isinstance(code, str) else code
    memory = FlatMemory(CODE, contents, size=0x2400, code_end=CODE + len(contents))
    processor = I386Processor(memory, stack_top=STACK, fs_base=FS)
    processor.program_counter = CODE
    return processor


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("d9 c0", "an x87 instruction"),
        ("df e0", "an x87 instruction"),
        ("0f 6f c0", "an MMX or SSE instruction"),
        ("0f 28 c0", "an MMX or SSE instruction"),
        ("ec", "in"),
        ("e6 70", "out"),
        ("f3 6d", "ins"),
        ("f4", "hlt"),
        ("cc", "int 3"),
        ("cd 2d", "int"),
        ("cf", "iret"),
        ("9a 00 00 00 00 08 00", "call far"),
        ("ff 18", "call far"),
        ("ff 28", "jmp far"),
        ("cb", "ret far"),
        ("0f 0b", "ud2"),
        ("0f 32", "rdmsr"),
        ("0f 31", "rdtsc"),
        ("0f a2", "cpuid"),
        ("0f 20 c0", "mov of a control or debug register"),
        ("8e d8", "mov to a segment register"),
        ("0f a1", "pop fs"),
        ("c8 00 00 01", "enter of a nested procedure"),
        ("67 8b 00", "16-bit addresses"),
        ("67 8b 46 04", "16-bit addresses"),
        ("67 a4", "16-bit addresses"),
        ("67 d7", "16-bit addresses"),
        ("67 e3 00", "16-bit addresses"),
        ("65 a1 00 00 00 00", "an access through gs"),
        ("66 e9 00 00", "a branch of 16 bits"),
        ("8d c0", "lea of a register"),
        ("ff f8", "opcode ff /7"),
        ("0f ff", "an MMX or SSE instruction"),
        ("0f 24 c0", "opcode 0f 24"),
    ],
)
def test_an_instruction_outside_the_subset_stops_by_name(code: str, name: str) -> None:
    """The run ends at the instruction's own address and says what it is."""
    stop = processor_with(f"90 {code}").run(10)
    assert stop == Stop(kind=StopKind.UNSUPPORTED, address=CODE + 1, detail=name)


@pytest.mark.parametrize(
    ("code", "detail"),
    [
        ("31 c9 f7 f1", "divide error"),
        ("b8 00 00 00 80 99 83 c9 ff f7 f9", "divide error"),
        ("ba 01 00 00 00 b9 01 00 00 00 f7 f1", "divide error"),
        ("a1 00 00 00 00", "no memory at 0x0"),
        ("c7 05 ff 33 00 00 01 00 00 00", "no memory at 0x33ff"),
        ("bc 00 00 00 00 50", "no memory at 0xfffffffc"),
        ("b8", "code that ends within an instruction"),
        ("66", "code that ends within an instruction"),
        ("66" * 20, "an instruction of more than 15 bytes"),
    ],
)
def test_a_fault_stops_the_run(code: str, detail: str) -> None:
    """A division that has no result, memory that is not there, and code that ends are faults."""
    stop = processor_with(code).run(10)
    assert (stop.kind, stop.detail) == (StopKind.FAULT, detail)


@pytest.mark.parametrize(
    ("code", "register", "value"),
    [
        ("b8 07 00 00 00  67 64 a3 04 00  67 64 ff 36 04 00  5b", EBX, 7),
        ("67 64 c7 06 08 00 09 00 00 00  67 8b 1e 08 20", EBX, 9),
        ("67 64 a1 04 00", EAX, 0),
    ],
    ids=["through fs, as an SEH prolog does", "through fs and without", "the accumulator"],
)
def test_a_constant_address_of_16_bits_is_one_of_32(code: str, register: int, value: int) -> None:
    """Of 16-bit addresses the prolog and epilog of Microsoft's SEH functions need these."""
    processor = processor_with(code)
    processor.run(4)
    assert processor.registers[register] == value


def test_a_fault_leaves_the_stack_pointer_alone() -> None:
    """A push that finds no memory does not move ESP."""
    processor = processor_with("bc 00 00 00 00 50")
    assert processor.run(10).address == CODE + 5
    assert processor.registers[ESP] == 0


@pytest.mark.parametrize("limit", [0, 1, 2, 999])
def test_a_run_stops_at_its_limit(limit: int) -> None:
    """Exactly so many instructions are executed, and the run can go on from there."""
    processor = processor_with("40 eb fd")
    assert processor.run(limit).kind is StopKind.LIMIT
    assert processor.instructions == limit
    assert processor.registers[EAX] == (limit + 1) // 2
    processor.run(limit)
    assert processor.registers[EAX] == limit


def test_each_turn_of_a_repeated_string_instruction_counts() -> None:
    """REP STOSD over 1 GB ends at the limit, or where its memory ends."""
    processor = processor_with("b9 00 00 00 10 bf 00 20 00 00 f3 ab")
    assert processor.run(102).kind is StopKind.LIMIT
    assert processor.registers[EDI] == 0x2000 + 4 * 100
    assert processor.run(1 << 30).kind is StopKind.FAULT
    assert processor.instructions < 2000


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("b8 05000000 83 f8 07 74 00", Comparison(operation="cmp", left=5, right=7, size=4)),
        ("b0 80 a8 81 74 00", Comparison(operation="test", left=0x80, right=0x81, size=1)),
        ("66 83 c0 ff 72 00", Comparison(operation="add", left=0, right=0xFFFF, size=2)),
        ("b9 09000000 e2 00", Comparison(operation="cmp", left=8, right=0, size=4)),
        ("e3 00", Comparison(operation="cmp", left=0, right=0, size=4)),
        ("40 74 00", None),
        ("d1 e0 72 00", None),
    ],
)
def test_the_branch_hook_learns_what_is_compared(code: str, expected: Comparison | None) -> None:
    """Inside the hook the operands of the instruction before the branch are known."""
    processor = processor_with(code)
    seen = []

    def hook(address: int, taken: bool) -> bool:
        seen.append((address, processor.comparison()))
        return taken

    processor.branch_hook = hook
    processor.run(10)
    assert seen == [(CODE + len(bytes.fromhex(code)) - 2, expected)]


@pytest.mark.parametrize("counting", ["e2", "e3"])
def test_a_hook_that_ends_a_run_leaves_no_comparison(counting: str) -> None:
    """What LOOP or JECXZ compared is forgotten when the hook ends the run there."""

    class EndOfRun(Exception):  # noqa: N818  what a hook raises is its own
        pass

    def end(_address: int, _taken: bool) -> bool:
        raise EndOfRun

    # cmp eax, 7; over: JECXZ over
    processor = processor_with(f"83 f8 07 {counting} fb")
    processor.branch_hook = end
    with pytest.raises(EndOfRun):
        processor.run(10)
    assert processor.comparison() == Comparison(operation="cmp", left=0, right=7, size=4)


@pytest.mark.parametrize(("goes", "expected"), [(True, 2), (False, 1)])
@pytest.mark.parametrize("branch", ["74", "75", "7c", "e2", "e3"])
def test_the_branch_hook_decides(branch: str, goes: bool, expected: int) -> None:
    """A conditional branch goes where the hook says, whatever its condition is."""
    # ..: Jcc over; mov eax, 1; ret; over: mov eax, 2; ret
    processor = processor_with(f"{branch} 06 b8 01000000 c3 b8 02000000 c3")
    processor.start_call(CODE, (), OUTSIDE)
    processor.branch_hook = lambda _address, _taken: goes
    assert processor.run(10) == Stop(kind=StopKind.LEFT_IMAGE, address=OUTSIDE)
    assert processor.result() == expected


@pytest.mark.parametrize(
    ("code", "found", "results"),
    [
        ("83 f9 07 0f 94 c0 c3", False, (0, 1)),  # cmp ecx, 7; sete al
        ("83 f9 00 0f 44 c4 c3", True, (0, None)),  # cmp ecx, 0; cmove eax, esp
        ("83 f9 01 19 c0 c3", True, (0, 0xFFFFFFFF)),  # cmp ecx, 1; sbb eax, eax
        ("f7 d9 83 d0 00 c3", False, (0, 1)),  # neg ecx; adc eax, 0
    ],
)
def test_the_branch_hook_decides_conditions_without_a_branch(
    code: str, found: bool, results: tuple[int, int | None]
) -> None:
    """SETcc, CMOVcc, and the carry of a comparison that ADC or SBB takes: asked and obeyed."""
    for answer, expected in zip((False, True), results, strict=True):
        processor = processor_with(code)
        asked: list[bool] = []

        def hook(
            _: int, condition: bool, *, asked: list[bool] = asked, answer: bool = answer
        ) -> bool:
            asked.append(condition)
            return answer

        processor.start_call(CODE, (), OUTSIDE)
        processor.branch_hook = hook
        processor.run(10)
        assert asked == [found]
        assert processor.result() == expected or (expected is None and processor.result())


def test_the_carry_of_an_addition_is_no_condition() -> None:
    """ADD and ADC add wide numbers; the branch hook is not asked."""
    processor = processor_with("83 c0 ff 83 d2 00 c3")
    processor.start_call(CODE, (), OUTSIDE)
    asked: list[int] = []

    def hook(address: int, taken: bool) -> bool:
        asked.append(address)
        return taken

    processor.branch_hook = hook
    processor.run(10)
    assert asked == []


def test_a_call_out_of_the_image_is_answered_from_outside() -> None:
    """Arguments are read in order, the result goes to EAX, and stdcall takes them off."""
    # push 2; push 1; call [slot]; mov ebx, eax; ret 4; slot
    code = "6a 02 6a 01 ff 15 0f 10 00 00 89 c3 c2 04 00 00 00 ff ff"
    processor = processor_with(code)
    before = processor.preserved()
    processor.start_call(CODE, (0x1234,), OUTSIDE + 1)
    assert processor.argument(0) == 0x1234
    assert processor.run(10) == Stop(kind=StopKind.LEFT_IMAGE, address=OUTSIDE)
    assert [processor.argument(index) for index in range(2)] == [1, 2]
    assert processor.return_address() == CODE + 10
    processor.finish_call(0xABCD, arguments_on_stack=2)
    assert processor.run(10) == Stop(kind=StopKind.LEFT_IMAGE, address=OUTSIDE + 1)
    assert processor.registers[EBX] == processor.result() == 0xABCD
    assert processor.preserved()[0] == before[0]
    assert processor.preserved()[1] != before[1], "EBX was not kept, and that shows"


def test_a_fastcall_has_its_first_arguments_in_registers() -> None:
    """ECX, EDX, then the stack."""
    processor = processor_with("b9 07000000 ba 08000000 6a 09 e8 00 00 00 f0")
    processor.run(4)
    assert [processor.fastcall_argument(index) for index in range(3)] == [7, 8, 9]


def test_an_exception_frame_is_kept_at_fs() -> None:
    """The prolog and the epilog of a function with __try read and write FS:[0]."""
    # mov eax, fs:[0]; push eax; mov fs:[0], esp; pop ecx; mov fs:[0], ecx
    processor = processor_with("64 a1 00000000 50 64 89 25 00000000 59 64 89 0d 00000000 c3")
    processor.write(FS, 4, 0xFFFFFFFF)
    processor.run(3)
    assert processor.read(FS, 4) == STACK - 4
    processor.run(2)
    assert processor.read(FS, 4) == processor.registers[ECX] == 0xFFFFFFFF


def test_saved_registers_come_back() -> None:
    """Registers, flags, direction and program counter are as they were saved."""
    processor = processor_with("f9 fd b8 05000000 42 f8 fc 31 c0 42")
    processor.run(3)
    saved, word = processor.save(), processor.eflags()
    processor.run(5)
    assert processor.eflags() != word
    processor.restore(saved)
    assert processor.eflags() == word
    assert (processor.result(), processor.program_counter) == (5, CODE + 7)
    processor.run(1)
    assert processor.registers[EDX] == 1
    with pytest.raises(TypeError):
        processor.restore(None)


@given(st.binary(min_size=1, max_size=64), st.integers(0, 200))
@settings(max_examples=1500, deadline=None)
@example(b"\xf3\xa4\xff", 100)
def test_no_bytes_make_a_run_raise_or_exceed_its_limit(code: bytes, limit: int) -> None:
    """Whatever stands there, the run stops for one of the reasons that it may have."""
    processor = processor_with(code)
    stop = processor.run(limit)
    assert processor.instructions <= limit
    assert (processor.instructions == limit) == (stop.kind is StopKind.LIMIT)
    assert all(0 <= register <= 0xFFFFFFFF for register in processor.registers)
    assert 0 <= processor.program_counter <= 0xFFFFFFFF


@given(st.binary(min_size=15, max_size=15))
@settings(max_examples=3000, deadline=None)
def test_walking_and_running_agree_on_where_an_instruction_ends(code: bytes) -> None:
    """Each instruction of the subset is as long to the finder of functions as it is when run."""
    processor = processor_with(code)
    instruction = Instruction(processor, CODE, code)
    try:
        decode(processor, instruction)
    except (UnsupportedInstructionError, ProcessorFaultError):
        return
    flow = flow_at(code, CODE)
    assert flow is not None
    assert flow.length == instruction.length
