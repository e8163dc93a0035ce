"""The layouts of the kernel's structures, against the published offsets."""

import pytest

from ntscan.drivermodel.layouts import ALPHA, X86, Layouts


@pytest.mark.parametrize(
    ("layouts", "size", "first_word"),
    [(X86, 0x94, 0x00940006), (ALPHA, 0x98, 0x00980006)],
)
def test_an_irp_with_one_stack_location(layouts: Layouts, size: int, first_word: int) -> None:
    """IoSizeOfIrp(1) is what an initialised IRP's first word carries above its Type."""
    assert layouts.size_of_irp(1) == size
    assert size << 16 | 6 == first_word


@pytest.mark.parametrize(
    ("layouts", "routine_before_end"),
    [(X86, 8), (ALPHA, 8)],
)
def test_the_completion_routine_stands_eight_bytes_before_the_location_above(
    layouts: Layouts, routine_before_end: int
) -> None:
    """On both platforms the next location's completion routine is at CurrentStackLocation - 8."""
    location = layouts.stack_location
    assert location.size - location.completion_routine == routine_before_end
    assert location.context - location.completion_routine == 4


@pytest.mark.parametrize("layouts", [X86, ALPHA])
def test_fields_do_not_overlap(layouts: Layouts) -> None:
    """Parameters.LockControl.ByteOffset, of eight bytes, ends before DeviceObject begins."""
    location = layouts.stack_location
    assert location.byte_offset + 8 <= location.device_object
    assert location.byte_offset % (8 if layouts.derived else 4) == 0
    assert layouts.derived is (layouts is ALPHA)
