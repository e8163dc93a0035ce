"""Where free memory is kept: the nonpaged pool and the lookaside list in front of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntscan.drivermodel.bugcheck import BugCheckError, Irql, StopCode
from ntscan.drivermodel.chain import walk
from ntscan.drivermodel.layouts import ALPHA, X86, Layouts
from ntscan.drivermodel.lookaside import HEAD_SIZE, LookasideList
from ntscan.drivermodel.memory import Access, Memory, PageFaultError, Region
from ntscan.drivermodel.pool import DESCRIPTOR_SIZE, UNITS, NonpagedPool
from ntscan.drivermodel.processor import Processor

PAGE, HEAD, DESCRIPTOR = 0x80F82000, 0x8014C000, 0x8014C000 + HEAD_SIZE
SIZE = 0x94


def make_pool(layouts: Layouts = X86) -> tuple[NonpagedPool, Memory, Processor]:
    """A pool of one page in memory of its own."""
    memory = Memory(Region(PAGE, layouts.page_size), Region(HEAD, HEAD_SIZE + DESCRIPTOR_SIZE))
    processor = Processor()
    pool = NonpagedPool(memory, processor, layouts, page=PAGE, descriptor=DESCRIPTOR)
    return pool, memory, processor


@pytest.mark.parametrize("layouts", [X86, ALPHA])
def test_a_page_holds_so_many_blocks_and_no_more(layouts: Layouts) -> None:
    """A block takes its size and a header of eight bytes, rounded up; then the pool is empty."""
    pool, _, _ = make_pool(layouts)
    unit = layouts.pool_granularity
    blocks = [pool.allocate(SIZE) for _ in range(UNITS // -(-(SIZE + 8) // unit))]
    step = -(-(SIZE + 8) // unit) * unit
    assert blocks == [PAGE + 8 + number * step for number in range(len(blocks))]
    assert pool.allocate(SIZE) == 0


@given(st.lists(st.tuples(st.integers(1, 700), st.integers(0, 30)), max_size=60))
def test_blocks_never_overlap_and_merge_again(actions: list[tuple[int, int]]) -> None:
    """Whatever is allocated and freed, blocks in use are disjoint; all freed, the page is whole."""
    pool, _, processor = make_pool()
    used: dict[int, int] = {}
    for size, which in actions:
        if which < len(used) and which % 2:
            block = sorted(used)[which]
            del used[block]
            pool.free(block)
            continue
        block = pool.allocate(size)
        if block:
            assert all(
                block + size <= other - 8 or other + length <= block - 8
                for other, length in used.items()
            )
            used[block] = size
    for block in used:
        pool.free(block)
    assert pool.allocate(X86.page_size - 8) == PAGE + 8
    assert processor.irql is Irql.PASSIVE_LEVEL


@pytest.mark.parametrize(("entries", "longer"), [(7, False), (8, False), (9, True)])
def test_a_list_longer_than_the_walk_says_so(entries: int, longer: bool) -> None:
    """Eight entries are drawn; that more follow is said."""
    memory = Memory(Region(PAGE, 0x100))
    for number in range(entries):
        last = number + 1 == entries
        memory.write(PAGE + 8 * number, 0 if last else PAGE + 8 * (number + 1))
    chain = walk(memory, PAGE, 0)
    assert len(chain.entries) == min(entries, 8)
    assert str(chain).endswith(" -> and longer") is longer
    assert chain.fault == ""


@pytest.mark.parametrize("field", [-8, -5])
def test_a_damaged_header_is_bad_pool_header(field: int) -> None:
    """ExFreePool stops with 0x19 where a header's sizes and its neighbours' disagree."""
    pool, memory, _ = make_pool()
    pool.allocate(SIZE)
    block = pool.allocate(SIZE)
    pool.allocate(SIZE)
    memory.write(block + field, 3, 1)
    with pytest.raises(BugCheckError) as stop:
        pool.free(block)
    assert stop.value.code is StopCode.BAD_POOL_HEADER


def test_a_block_of_no_size_is_bad_pool_header() -> None:
    """A header overwritten with zeroes is damaged, even at the page's end."""
    pool, memory, _ = make_pool()
    block = pool.allocate(SIZE)
    memory.write(block - 8, 0)
    with pytest.raises(BugCheckError):
        pool.free(block)


def test_a_block_merged_into_the_one_before_it_cannot_be_freed_again() -> None:
    """The header of a block that was merged away contradicts its neighbours: 0x19."""
    pool, _, _ = make_pool()
    first, second = pool.allocate(SIZE), pool.allocate(SIZE)
    pool.allocate(SIZE)
    pool.free(first)
    pool.free(second)
    with pytest.raises(BugCheckError) as stop:
        pool.free(second)
    assert stop.value.code is StopCode.BAD_POOL_HEADER


def test_a_block_freed_twice_between_used_ones_is_given_out_twice() -> None:
    """Without merging the headers agree; the free list turns on itself, and nothing notices."""
    pool, _, _ = make_pool()
    _, block, _ = (pool.allocate(SIZE) for _ in range(3))
    pool.free(block)
    pool.free(block)
    assert pool.chain(SIZE).fault == "and round again"
    assert [pool.allocate(SIZE), pool.allocate(SIZE)] == [block, block]


def test_the_pool_works_at_dispatch_level() -> None:
    """A fault inside the pool happens at DISPATCH_LEVEL, whoever called it."""
    pool, memory, processor = make_pool()
    _, block, _ = (pool.allocate(SIZE) for _ in range(3))
    pool.free(block)
    memory.write(block, 0x00940006)
    with pytest.raises(PageFaultError) as fault:
        pool.allocate(SIZE)
    assert fault.value.access is Access.WRITE
    assert fault.value.address == 0x0094000A
    assert processor.irql is Irql.DISPATCH_LEVEL


def make_list(maximum_depth: int) -> tuple[LookasideList, NonpagedPool, Memory]:
    """A lookaside list in front of a pool."""
    pool, memory, _ = make_pool()
    free_irps = LookasideList(memory, pool, head=HEAD, block_size=SIZE, maximum_depth=maximum_depth)
    return free_irps, pool, memory


def test_the_list_gives_back_last_in_first_out() -> None:
    """The block freed last comes first; an empty list asks the pool."""
    free_irps, pool, _ = make_list(4)
    blocks = [pool.allocate(SIZE) for _ in range(3)]
    for block in blocks:
        free_irps.free(block)
    assert free_irps.chain().entries == tuple(reversed(blocks))
    assert free_irps.depth == 3
    assert [free_irps.allocate() for _ in range(3)] == blocks[::-1]
    assert free_irps.depth == 0
    assert free_irps.allocate() not in {0, *blocks}


def test_the_link_overlays_the_first_four_bytes() -> None:
    """A freed block's first word is the address of the block freed before it."""
    free_irps, pool, memory = make_list(4)
    first, second = pool.allocate(SIZE), pool.allocate(SIZE)
    memory.write_bytes(second, b"\xff" * 8)
    free_irps.free(first)
    free_irps.free(second)
    assert memory.read(second) == first
    assert memory.read(second + 4) == 0xFFFFFFFF
    assert memory.read(HEAD) == second


def test_a_full_list_leaves_the_rest_to_the_pool() -> None:
    """At its maximum depth the list takes no block, and the pool merges it."""
    free_irps, pool, _ = make_list(1)
    first, second = pool.allocate(SIZE), pool.allocate(SIZE)
    free_irps.free(first)
    free_irps.free(second)
    assert free_irps.chain().entries == (first,)
    assert pool.allocate(SIZE) == second


def test_a_link_that_is_no_memory_faults_when_it_is_followed() -> None:
    """Popping an entry that is an IRP's Type and Size faults at that address."""
    free_irps, pool, memory = make_list(4)
    block = pool.allocate(SIZE)
    free_irps.free(block)
    memory.write(block, 0x00940006)
    assert free_irps.allocate() == block
    assert str(free_irps.chain()) == "0x00940006 (not memory)"
    with pytest.raises(PageFaultError) as fault:
        free_irps.allocate()
    assert (fault.value.address, fault.value.access) == (0x00940006, Access.READ)
