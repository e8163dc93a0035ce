"""Memory at addresses, and what a touch beyond it becomes."""

import pytest

from ntscan.drivermodel.bugcheck import Irql, StopCode, bug_check_of
from ntscan.drivermodel.memory import Access, Memory, PageFaultError, Region

BASE, SIZE = 0x80F82000, 0x300
PASSIVE, DISPATCH = Irql.PASSIVE_LEVEL, Irql.DISPATCH_LEVEL


@pytest.mark.parametrize(
    ("address", "size", "fits"),
    [
        (BASE, 4, True),
        (BASE + SIZE - 4, 4, True),
        (BASE + SIZE - 3, 4, False),
        (BASE + SIZE - 1, 1, True),
        (BASE + SIZE, 1, False),
        (BASE - 1, 1, False),
        (0, 4, False),
        (0x00940006, 4, False),
    ],
)
def test_memory_ends_where_its_region_ends(address: int, size: int, fits: bool) -> None:
    """Reads and writes that do not lie wholly in a region fault, with the address and the kind."""
    memory = Memory(Region(BASE, SIZE))
    if fits:
        memory.write(address, 0x5A, size)
        assert memory.read(address, size) == 0x5A
        return
    with pytest.raises(PageFaultError) as read:
        memory.read(address, size)
    with pytest.raises(PageFaultError) as written:
        memory.write(address, 0, size)
    assert (read.value.address, read.value.access) == (address, Access.READ)
    assert (written.value.address, written.value.access) == (address, Access.WRITE)


@pytest.mark.parametrize(
    ("address", "irql", "code"),
    [
        (0x00940006, PASSIVE, StopCode.KMODE_EXCEPTION_NOT_HANDLED),
        (0x7FFFFFFF, PASSIVE, StopCode.KMODE_EXCEPTION_NOT_HANDLED),
        (0x80000000, PASSIVE, StopCode.PAGE_FAULT_IN_NONPAGED_AREA),
        (0xFFFFFFFC, PASSIVE, StopCode.PAGE_FAULT_IN_NONPAGED_AREA),
        (0x00940006, DISPATCH, StopCode.IRQL_NOT_LESS_OR_EQUAL),
        (0xFFFFFFFC, DISPATCH, StopCode.IRQL_NOT_LESS_OR_EQUAL),
    ],
)
def test_a_fault_stops_the_machine_by_address_and_irql(
    address: int, irql: Irql, code: StopCode
) -> None:
    """At DISPATCH_LEVEL any fault is 0x0A; below, the range decides between 0x1E and 0x50."""
    assert bug_check_of(PageFaultError(address, Access.READ), irql).code is code


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        (StopCode.IRQL_NOT_LESS_OR_EQUAL, "0x0000000A"),
        (StopCode.BAD_POOL_HEADER, "0x00000019"),
        (StopCode.KMODE_EXCEPTION_NOT_HANDLED, "0x0000001E"),
        (StopCode.NO_MORE_IRP_STACK_LOCATIONS, "0x00000035"),
        (StopCode.MULTIPLE_IRP_COMPLETE_REQUESTS, "0x00000044"),
        (StopCode.PAGE_FAULT_IN_NONPAGED_AREA, "0x00000050"),
    ],
)
def test_a_stop_code_is_written_as_on_the_blue_screen(code: StopCode, printed: str) -> None:
    """Eight hexadecimal digits in capitals."""
    assert str(code) == printed


def test_a_frozen_region_is_put_back_to_the_last_byte() -> None:
    """Freezing and thawing restores what was stored, also over a line's border."""
    memory = Memory(Region(BASE, SIZE))
    memory.write_bytes(BASE + 0xFE, b"abcd")
    before = memory.freeze()
    memory.write(BASE + 0x100, 0)
    memory.write(BASE + 0x2FF, 7, 1)
    after = memory.freeze()
    memory.write(BASE + 0x80, 9)
    memory.thaw(before)
    assert memory.read_bytes(BASE + 0xFE, 4) == b"abcd"
    assert memory.read(BASE + 0x80) == memory.read(BASE + 0x2FF, 1) == 0
    memory.thaw(after)
    assert memory.read(BASE + 0x2FF, 1) == 7
    assert memory.freeze() == after != before


def test_what_was_not_stored_to_is_not_copied() -> None:
    """A line without a store is the same object in both frozen values."""
    memory = Memory(Region(BASE, SIZE))
    (before,) = memory.freeze()
    memory.write(BASE + 0x100, 1)
    (after,) = memory.freeze()
    assert [one is other for one, other in zip(before, after, strict=True)] == [True, False, True]
