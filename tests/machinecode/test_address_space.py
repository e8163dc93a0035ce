"""Memory of a run: what comes into being when touched, what it is called, and what is no memory."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from fixtures.bare_driver import BASE, CODE, SLOTS, VARIABLES, bare_image
from ntscan.machinecode.address_map import IMPORTED_ROUTINES, INITIAL_STACK, KERNEL_STACK
from ntscan.machinecode.address_space import AddressSpace
from ntscan.machinecode.blocks import Block, BlockKind
from ntscan.machinecode.origin import Origin
from ntscan.machinecode.processor import MemoryFault


def memory_with(assignment: dict[Origin, int] | None = None) -> AddressSpace:
    """Memory around an image with a variable of 7 and one of 0, at the beginning of a run."""
    image = bare_image("c3", ["IoFreeIrp", "IoFileObjectType"], bytes([7, 0, 0, 0]))
    memory = AddressSpace(image)
    memory.begin(assignment or {})
    return memory


def test_a_pointer_is_known_by_the_path_to_it() -> None:
    """The device, driver and dispatch table behind an argument come into being one by one."""
    memory = memory_with()
    device = memory.given(Origin("arg0"))
    table = memory.read(memory.read(device + 8, 4) + 0x28, 4)
    routine = memory.read(table + 0x1C, 4)

    assert memory.places.unknown.behind(routine) == (Origin("arg0", (8, 0x28, 0x1C)), 0)
    assert [str(touch.origin) for touch in memory.inputs.touches] == [
        "arg0",
        "arg0+8",
        "arg0[8]+0x28",
        "arg0[8][0x28]+0x1c",
    ]


def test_each_unknown_has_a_value_of_its_own_that_stays() -> None:
    """No two words are alike; the next run finds the same values for the same words."""
    memory = memory_with()
    start = memory.given(Origin("arg0"))
    first = [memory.read(start + offset, 4) for offset in range(0, 400, 4)]
    memory.begin({})
    again = [memory.read(start + offset, 4) for offset in range(0, 400, 4)]
    assert len(set(first)) == len(first)
    assert again == first


def test_an_assignment_gives_a_word_its_value() -> None:
    """What the search chose stands there when the word is first touched, and can be overwritten."""
    memory = memory_with({Origin("arg0", (4,)): 0x4B524F46})
    start = memory.given(Origin("arg0"))
    assert memory.read(start + 4, 4) == 0x4B524F46
    assert memory.read(start + 6, 1) == 0x52
    memory.write(start + 6, 1, 0xFF)
    assert memory.read(start + 4, 4) == 0x4BFF4F46


@pytest.mark.parametrize(
    ("address", "value"),
    [(BASE + VARIABLES, 7), (BASE + SLOTS, IMPORTED_ROUTINES), (BASE + CODE, 0xC3)],
    ids=["an initialised variable", "an import slot", "code"],
)
def test_the_image_holds_what_its_file_does(address: int, value: int) -> None:
    """Variables that begin as something keep it, and slots lead to the imported routines."""
    assert memory_with().read(address, 4) == value


def test_a_variable_that_begins_as_zero_is_unknown() -> None:
    """What the driver's other routines have put there by now, nobody knows."""
    memory = memory_with()
    value = memory.read(BASE + VARIABLES + 4, 4)
    assert memory.places.unknown.behind(value) == (Origin("image", (VARIABLES + 4,)), 0)


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        (INITIAL_STACK, Origin("arg0")),
        (INITIAL_STACK + 8, Origin("arg2")),
        (KERNEL_STACK + 8, Origin("stack", (8,), given=False)),
        (0xFFDF0014, Origin("KUSER_SHARED_DATA", (0x14,))),
        (0xFFDFF124, Origin("KPCR", (0x124,))),
        (IMPORTED_ROUTINES + 0x10, Origin("IoFileObjectType", (0,))),
    ],
)
def test_places_outside_the_image_have_names(address: int, origin: Origin) -> None:
    """Arguments, stack, system pages and imported variables; what a stack holds is not given."""
    memory = memory_with()
    assert memory.places.unknown.behind(memory.read(address, 4)) == (origin, 0)
    assert [touch.origin for touch in memory.inputs.touches] == ([origin] if origin.given else [])


@pytest.mark.parametrize(
    "touch",
    [
        lambda memory: memory.read(0, 4),
        lambda memory: memory.read(0x10000, 1),
        lambda memory: memory.read(KERNEL_STACK - 4, 4),
        lambda memory: memory.read(0x81234000, 4),
        lambda memory: memory.write(BASE + CODE, 4, 0),
        lambda memory: memory.write(BASE + CODE + 3, 1, 0),
        lambda memory: memory.write(0xE1000000, 4, 0),
        lambda memory: memory.fetch(BASE + VARIABLES, 4),
    ],
)
def test_what_is_no_memory_faults(touch: Callable[[AddressSpace], object]) -> None:
    """Null, user addresses, below the stack, objects that nobody gave, and writes to code."""
    with pytest.raises(MemoryFault):
        touch(memory_with())


@pytest.mark.parametrize(("address", "size"), [(BASE + CODE, 4), (BASE + CODE + 1, 2)])
def test_code_that_was_read_cannot_be_written_either(address: int, size: int) -> None:
    """So that what was decoded stays true; nor are they among the words at hand."""
    memory = memory_with()
    before = memory.read(address, size)
    with pytest.raises(MemoryFault):
        memory.write(address, size, 0)
    assert memory.read(address, size) == before
    assert address & ~3 not in memory.words


def test_a_block_ends_where_it_ends() -> None:
    """The first byte after a block is no memory, and neither is the last before it."""
    memory = memory_with()
    block = memory.allocate(BlockKind.POOL, 0x18, "pool")
    memory.write(block.address + 0x14, 4, 1)
    for address in (block.address + 0x18, block.address - 4):
        with pytest.raises(MemoryFault):
            memory.read(address, 4)


def test_a_freed_irp_keeps_its_bytes_and_each_touch_is_noticed() -> None:
    """Using an IRP after its free ends nothing, but is told."""
    memory = memory_with()
    noticed: list[Block] = []
    memory.on_freed = noticed.append
    block = memory.allocate(BlockKind.IRP, 0x94, "IRP")
    memory.clear(block)
    memory.write(block.address + 4, 4, 0x1234)
    assert noticed == []
    memory.free(block)
    assert memory.read(block.address + 4, 4) == 0x1234
    memory.write(block.address + 4, 2, 0xFFFF)
    assert memory.read(block.address + 4, 4) == 0xFFFF
    assert noticed == [block, block, block, block]


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.sampled_from([1, 2, 4, 8]), st.integers(0, (1 << 64) - 1))
    )
)
def test_memory_holds_what_was_written(writes: list[tuple[int, int, int]]) -> None:
    """Writes of every size at every alignment read back as those to a plain array of bytes."""
    memory = memory_with()
    block = memory.allocate(BlockKind.POOL, 0x80, "pool")
    memory.clear(block)
    plain = bytearray(0x80)
    for offset, size, value in writes:
        memory.write(block.address + offset, size, value)
        plain[offset : offset + size] = (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")
    assert memory.read_bytes(block.address, 0x80) == plain


def test_a_variable_among_code_that_can_be_written_is_no_constant() -> None:
    """In a section that is both, a word of zero is unknown when it is read, and is not written."""
    image = bare_image("c3 00 00 00 00 00 00 00")
    code, *others = image.sections
    both = replace(code, writable=True)
    memory = AddressSpace(replace(image, sections=(both, *others)))
    memory.begin({Origin("image", (CODE + 4,)): 5})
    with pytest.raises(MemoryFault):
        memory.write(BASE + CODE + 4, 4, 1)

    assert [memory.read(BASE + CODE + offset, 4) for offset in (0, 4)] == [0xC3, 5]
    assert [touch.origin.offsets for touch in memory.inputs.touches] == [(CODE,), (CODE + 4,)]
    assert memory.words == {}
