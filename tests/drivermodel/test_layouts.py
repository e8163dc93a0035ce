"""The layouts of the kernel's structures, against the offsets of the public DDK headers."""

import pytest
from msgspec import to_builtins

from ntscan.drivermodel import devices
from ntscan.drivermodel.builds import COMPLETION_FREES
from ntscan.drivermodel.irp import initialize_irp
from ntscan.drivermodel.layouts import LAYOUTS, IrpLayout, Platform, StackLocationLayout
from ntscan.drivermodel.policies import Policies
from ntscan.drivermodel.scene import running_machine

#: (structure, field, x86, Alpha). IRP and the tables of pointers are the same on both; Alpha's
#: IO_STACK_LOCATION aligns Parameters, which holds a LARGE_INTEGER, to eight bytes.
FIELDS = (
    ("irp", "size", 0x70, 0x70),
    ("irp", "type", 0x00, 0x00),
    ("irp", "size_field", 0x02, 0x02),
    ("irp", "thread_list_entry", 0x10, 0x10),
    ("irp", "io_status", 0x18, 0x18),
    ("irp", "pending_returned", 0x21, 0x21),
    ("irp", "stack_count", 0x22, 0x22),
    ("irp", "current_location", 0x23, 0x23),
    ("irp", "user_iosb", 0x28, 0x28),
    ("irp", "user_event", 0x2C, 0x2C),
    ("irp", "thread", 0x50, 0x50),
    ("irp", "current_stack_location", 0x60, 0x60),
    ("stack_location", "size", 0x24, 0x28),
    ("stack_location", "major_function", 0x00, 0x00),
    ("stack_location", "minor_function", 0x01, 0x01),
    ("stack_location", "control", 0x03, 0x03),
    ("stack_location", "length", 0x04, 0x08),
    ("stack_location", "key", 0x08, 0x0C),
    ("stack_location", "byte_offset", 0x0C, 0x10),
    ("stack_location", "device_object", 0x14, 0x18),
    ("stack_location", "file_object", 0x18, 0x1C),
    ("stack_location", "completion_routine", 0x1C, 0x20),
    ("stack_location", "context", 0x20, 0x24),
)


@pytest.mark.parametrize(("structure", "field", "x86", "alpha"), FIELDS)
def test_a_field_lies_where_the_headers_put_it(
    structure: str, field: str, x86: int, alpha: int
) -> None:
    """Each offset, in bytes from the structure's start, on both platforms."""
    layouts = (to_builtins(LAYOUTS[Platform.X86]), to_builtins(LAYOUTS[Platform.ALPHA]))
    assert [each[structure][field] for each in layouts] == [x86, alpha]


def test_no_field_is_left_out() -> None:
    """The table above names every field that a layout holds."""
    held = {("irp", name) for name in IrpLayout.__struct_fields__}
    held |= {("stack_location", name) for name in StackLocationLayout.__struct_fields__}
    assert {(structure, field) for structure, field, _, _ in FIELDS} == held


@pytest.mark.parametrize(
    ("name", "offset"),
    [
        ("DEVICE_DRIVER_OBJECT", 0x08),
        ("DRIVER_FAST_IO_DISPATCH", 0x28),
        ("DRIVER_MAJOR_FUNCTION", 0x38),
        ("MAJOR_FUNCTIONS", 0x1C),
        ("FAST_IO_LOCK", 0x18),
        ("FAST_IO_UNLOCK_SINGLE", 0x1C),
    ],
)
def test_the_pointers_that_a_call_follows(name: str, offset: int) -> None:
    """DEVICE_OBJECT, DRIVER_OBJECT and FAST_IO_DISPATCH, the same on both platforms."""
    assert getattr(devices, name) == offset


@pytest.mark.parametrize(
    ("platform", "first_word"), [(Platform.X86, 0x00940006), (Platform.ALPHA, 0x00980006)]
)
def test_the_first_word_of_an_irp_with_one_stack_location(
    platform: Platform, first_word: int
) -> None:
    """IoInitializeIrp writes IoSizeOfIrp(1) above the Type."""
    kernel = running_machine(Policies(platform=platform), COMPLETION_FREES)
    irp = kernel.free_irps.allocate()
    initialize_irp(kernel, irp)
    assert kernel.memory.read(irp) == first_word


@pytest.mark.parametrize(
    ("platform", "derived", "page_size"),
    [(Platform.X86, False, 0x1000), (Platform.ALPHA, True, 0x2000)],
)
def test_what_a_platform_says_of_itself(platform: Platform, derived: bool, page_size: int) -> None:
    """Alpha's layouts are derived, and results say so; its pages are twice as large."""
    layouts = LAYOUTS[platform]
    assert (layouts.platform, layouts.derived, layouts.page_size) == (platform, derived, page_size)
    assert ("unverified" in " ".join(Policies(platform=platform).assumptions())) is derived
