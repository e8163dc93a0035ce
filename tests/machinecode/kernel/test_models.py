"""What the modelled routines of the kernel do, called by code and seen in its memory."""

from dataclasses import dataclass, field

import pytest

from fixtures.bare_driver import BASE, VARIABLES, bare_image
from ntscan.drivermodel.layouts import X86
from ntscan.machinecode.address_space import AddressSpace
from ntscan.machinecode.blocks import BlockKind
from ntscan.machinecode.i386.processor import I386Processor
from ntscan.machinecode.kernel.call import Call
from ntscan.machinecode.kernel.dispatch import MODELS
from ntscan.machinecode.kernel.pending import let_others_run
from ntscan.machinecode.kernel.routines import Convention, signatures
from ntscan.machinecode.kernel.state import Choices, Kernel, PathEndError
from ntscan.machinecode.origin import Origin
from ntscan.machinecode.traced import CompletionMode

STATUS_TIMEOUT = 0x102
ROUTINE = BASE + 0x1000


@dataclass
class Bench:
    """A kernel without a driver, and a block of zeroed memory to call its routines on."""

    kernel: Kernel = field(init=False)
    block: int = field(init=False)

    def __post_init__(self) -> None:
        """Make the kernel and the block."""
        memory = AddressSpace(bare_image("c3", (), bytes(16)))
        memory.begin({})
        processor = I386Processor(memory, stack_top=0xFC4AF000)
        choices = Choices(mode=CompletionMode.SUCCESS, fast_io_answer=False)
        self.kernel = Kernel(processor, memory, X86, choices)
        block = memory.allocate(BlockKind.POOL, 0x100, "pool")
        memory.clear(block)
        self.block = block.address

    def call(self, name: str, *arguments: int) -> int:
        """Call a routine with arguments in the order of its prototype."""
        processor = self.kernel.processor
        stack = arguments
        fastcall = signatures()[name].convention is Convention.FASTCALL
        if fastcall and isinstance(processor, I386Processor):
            processor.registers[1], processor.registers[2] = (*arguments, 0, 0)[:2]
            stack = arguments[2:]
        processor.start_call(ROUTINE, stack, 0)
        call = Call(kernel=self.kernel, name=name, at=0x1234, fastcall=fastcall)
        return MODELS[name](call) & 0xFFFFFFFF

    def words(self, count: int) -> list[int]:
        """Read the block's first words."""
        return [self.kernel.memory.read(self.block + 4 * number, 4) for number in range(count)]


@pytest.mark.parametrize(
    ("name", "convention", "arguments", "taken"),
    [
        ("IoFreeIrp", Convention.STDCALL, 1, 1),
        ("KeWaitForSingleObject", Convention.STDCALL, 5, 5),
        ("IofCallDriver", Convention.FASTCALL, 2, 0),
        ("InterlockedCompareExchange", Convention.FASTCALL, 3, 1),
        ("KfAcquireSpinLock", Convention.FASTCALL, 1, 0),
        ("DbgPrint", Convention.CDECL, 0, 0),
        ("TdiMapUserRequest", Convention.STDCALL, 3, 3),
    ],
)
def test_a_signature_says_what_is_taken_off_the_stack(
    name: str, convention: Convention, arguments: int, taken: int
) -> None:
    """Words for stdcall, those past two for fastcall, none for cdecl."""
    signature = signatures()[name]
    assert (signature.convention, signature.arguments) == (convention, arguments)
    assert signature.words_taken == taken


def test_every_model_has_a_signature_but_for_macros() -> None:
    """A model whose routine had none could never be called by i386 code."""
    without = {name for name in MODELS if name not in signatures()}
    assert without == {
        "ExAcquireSpinLock",
        "KeAcquireSpinLockRaiseToDpc",
        "RtlCopyMemory",
    }


@pytest.mark.parametrize(
    ("name", "arguments", "before", "result", "after"),
    [
        ("InterlockedIncrement", (), [0xFFFFFFFF], 0, [0]),
        ("InterlockedDecrement", (), [0], 0xFFFFFFFF, [0xFFFFFFFF]),
        ("InterlockedExchange", (9,), [5], 5, [9]),
        ("InterlockedExchangeAdd", (3,), [5], 5, [8]),
        ("InterlockedCompareExchange", (9, 5), [5], 5, [9]),
        ("InterlockedCompareExchange", (9, 6), [5], 5, [5]),
        ("ExInterlockedAddUlong", (3, 0), [5], 5, [8]),
        ("RtlZeroMemory", (6,), [0x11111111, 0x22222222], 0, [0, 0x22220000]),
        ("RtlFillMemory", (5, 0xAB), [0, 0], 0, [0xABABABAB, 0xAB]),
        ("KeInitializeEvent", (1, 1), [0, 0], 0, [1, 1]),
        ("KeSetEvent", (0, 0), [0, 0], 0, [0, 1]),
        ("KeSetEvent", (0, 0), [0, 1], 1, [0, 1]),
        ("KeResetEvent", (), [0, 1], 1, [0, 0]),
        ("KeReadStateEvent", (), [0, 1], 1, [0, 1]),
        ("KeReleaseSemaphore", (0, 2, 0), [5, 1], 1, [5, 3]),
        ("KeInitializeDpc", (ROUTINE, 7), [0] * 5, 0, [0x13, 0, 0, ROUTINE, 7]),
    ],
)
def test_a_model_does_what_the_routine_does(
    name: str, arguments: tuple[int, ...], before: list[int], result: int, after: list[int]
) -> None:
    """Given a block of words as its first argument, it returns and leaves these."""
    bench = Bench()
    for number, word in enumerate(before):
        bench.kernel.memory.write(bench.block + 4 * number, 4, word)
    assert bench.call(name, bench.block, *arguments) == result
    assert bench.words(len(after)) == after


def test_lists_give_back_what_was_put_in() -> None:
    """A doubly linked list from either end, a singly linked one last in first out."""
    bench = Bench()
    head, entries = bench.block, [bench.block + 0x20, bench.block + 0x40]
    bench.kernel.memory.write(head, 4, head)
    bench.kernel.memory.write(head + 4, 4, head)
    for entry in entries:
        bench.call("ExInterlockedInsertTailList", head, entry, 0)
    bench.call("ExInterlockedInsertHeadList", head, bench.block + 0x60, 0)
    removed = [bench.call("ExInterlockedRemoveHeadList", head, 0) for _ in range(4)]
    assert removed == [bench.block + 0x60, *entries, 0]

    stack = bench.block + 0x80
    for entry in entries:
        bench.call("ExInterlockedPushEntryList", stack, entry, 0)
    assert [bench.call("ExInterlockedPopEntryList", stack, 0) for _ in range(3)] == [
        *reversed(entries),
        0,
    ]


@pytest.mark.parametrize(
    ("kind", "state", "timeout", "result", "left"),
    [
        (0, 1, 0, 0, 1),
        (1, 1, 0, 0, 0),
        (5, 3, 0, 0, 2),
        (0, 0, 0xFC4A0000, STATUS_TIMEOUT, 0),
    ],
    ids=["notification event", "synchronization event", "semaphore", "timeout"],
)
def test_a_wait_takes_what_its_object_gives(
    kind: int, state: int, timeout: int, result: int, left: int
) -> None:
    """A synchronization event and a semaphore are used up by a wait, a notification event not."""
    bench = Bench()
    bench.kernel.memory.write(bench.block, 4, kind)
    bench.kernel.memory.write(bench.block + 4, 4, state)
    assert bench.call("KeWaitForSingleObject", bench.block, 0, 0, 0, timeout) == result
    assert bench.words(2)[1] == left


def test_a_wait_for_what_nothing_signals_ends_the_path() -> None:
    """Without a timeout it would last for ever."""
    bench = Bench()
    with pytest.raises(PathEndError, match="nothing signals"):
        bench.call("KeWaitForSingleObject", bench.block, 0, 0, 0, 0)


def test_a_wait_for_what_was_there_before_the_run_succeeds() -> None:
    """A lock or an event that the run did not make is free, or set, as far as anybody knows."""
    bench = Bench()
    foreign = bench.kernel.memory.given(Origin("arg0"))
    assert bench.call("KeWaitForSingleObject", foreign, 0, 0, 0, 0) == 0


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("ExQueueWorkItem", (0,)),
        ("KeInsertQueueDpc", (1, 2)),
        ("KeSetTimer", (0, 0, None)),
        ("PsCreateSystemThread", (0, 0, 0, 0, ROUTINE, 7)),
    ],
)
def test_deferred_routines_wait_their_turn(
    name: str, arguments: tuple[int | None, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A work item, a DPC, a timer's DPC and a thread run once, when something lets them."""
    bench = Bench()
    memory = bench.kernel.memory
    memory.write(bench.block + 8, 4, ROUTINE)
    memory.write(bench.block + 0xC, 4, ROUTINE)
    calls: list[int] = []

    def call(routine: int, *_: object) -> int:
        calls.append(routine)
        return 0

    monkeypatch.setattr(bench.kernel, "call", call)
    given = (bench.block if argument is None else argument for argument in arguments)
    bench.call(name, bench.block, *given)

    assert calls == []
    assert let_others_run(bench.kernel)
    assert calls == [ROUTINE]
    assert not let_others_run(bench.kernel)


def test_a_cancelled_timer_runs_nothing() -> None:
    """KeCancelTimer takes the DPC back, and says whether there was one."""
    bench = Bench()
    bench.call("KeSetTimer", bench.block, 0, 0, bench.block + 0x40)
    assert bench.call("KeCancelTimer", bench.block) == 1
    assert bench.call("KeCancelTimer", bench.block) == 0
    assert not let_others_run(bench.kernel)


def test_pool_is_freed_once() -> None:
    """A second free of a block is doubted, one of a block from before the run is not."""
    bench = Bench()
    block = bench.call("ExAllocatePoolWithTag", 0, 0x20, 0)
    bench.call("ExFreePool", block)
    assert bench.kernel.doubts == []
    bench.call("ExFreePool", block)
    bench.call("ExFreePool", BASE + VARIABLES)
    assert bench.kernel.doubts == ["a pool block is freed twice, at 0x1234"]


def test_the_device_of_a_file_is_the_same_each_time() -> None:
    """IoGetRelatedDeviceObject of one file object gives one device, of another another."""
    bench = Bench()
    one, other = (bench.kernel.memory.given(Origin(root)) for root in ("arg0", "arg1"))
    first = bench.call("IoGetRelatedDeviceObject", one)
    assert bench.call("IoGetRelatedDeviceObject", one) == first
    assert bench.call("IoGetRelatedDeviceObject", other) != first
