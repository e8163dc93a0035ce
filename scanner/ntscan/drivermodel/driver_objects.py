"""A driver's objects as the I/O manager makes them, before and after its DriverEntry has run."""

from typing import Final

from ntscan.drivermodel.completion import IO_COMPLETE_REQUEST
from ntscan.drivermodel.devices import (
    DEVICE_DRIVER_OBJECT,
    DRIVER_FAST_IO_DISPATCH,
    DRIVER_MAJOR_FUNCTION,
    MAJOR_FUNCTIONS,
)
from ntscan.drivermodel.execution import (
    Answer,
    FastIoRoutine,
    Frame,
    Return,
    Routine,
    private,
)
from ntscan.drivermodel.irp import STATUS_INVALID_DEVICE_REQUEST, set_status
from ntscan.drivermodel.kernel import Kernel
from ntscan.drivermodel.story import Lane

#: Within a driver's slot: its DEVICE_OBJECT at 0, DRIVER_OBJECT and FAST_IO_DISPATCH behind it.
_DRIVER: Final = 0x40
_FAST_IO: Final = 0x100


def _refuse(kernel: Kernel, frame: Frame) -> Answer:
    set_status(kernel, frame.irp, STATUS_INVALID_DEVICE_REQUEST)
    kernel.tell(
        Lane.IO_MANAGER,
        Lane.IO_MANAGER,
        "No dispatch routine is set: IopInvalidDeviceRequest completes {:#010x} with {:#010x}",
        frame.irp,
        STATUS_INVALID_DEVICE_REQUEST,
    )
    return Frame(IO_COMPLETE_REQUEST, irp=frame.irp)


@private
def _return_invalid(_kernel: Kernel, _frame: Frame) -> Answer:
    return Return(STATUS_INVALID_DEVICE_REQUEST)


#: What each entry of MajorFunction[] is until a driver sets its own.
IOP_INVALID_DEVICE_REQUEST: Final = Routine(
    name="IopInvalidDeviceRequest",
    address=0x8010D540,
    lane=Lane.IO_MANAGER,
    steps=(_refuse, _return_invalid),
)


def create_device(
    kernel: Kernel,
    device: int,
    major_function: int,
    dispatch: Routine,
    fast_io: tuple[tuple[int, FastIoRoutine], ...] = (),
) -> None:
    """Write a device object at ``device`` and its driver's objects, and load the driver's code."""
    driver, table = device + _DRIVER, device + _FAST_IO
    dispatch_table = driver + DRIVER_MAJOR_FUNCTION
    kernel.memory.write(device + DEVICE_DRIVER_OBJECT, driver)
    for number in range(MAJOR_FUNCTIONS):
        kernel.memory.write(dispatch_table + 4 * number, IOP_INVALID_DEVICE_REQUEST.address)
    kernel.memory.write(dispatch_table + 4 * major_function, dispatch.address)
    kernel.load(IOP_INVALID_DEVICE_REQUEST)
    kernel.load(dispatch)
    if fast_io:
        kernel.memory.write(driver + DRIVER_FAST_IO_DISPATCH, table)
        for offset, routine in fast_io:
            kernel.memory.write(table + offset, routine.address)
            kernel.load(routine)
