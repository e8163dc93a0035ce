"""Device and driver objects in memory: the pointers that a call to a driver follows.

Offsets are those of the public mingw-w64 DDK headers. No field before them needs more than four
bytes' alignment, so Alpha's are taken to be the same (derived, unverified).
"""

from typing import Final

from ntscan.drivermodel.address_map import DRIVER_OBJECTS, DRIVER_SLOT_SIZE
from ntscan.drivermodel.execution import FastIoRoutine, Routine
from ntscan.drivermodel.kernel import Kernel

DEVICE_DRIVER_OBJECT: Final = 0x08
DRIVER_FAST_IO_DISPATCH: Final = 0x28
DRIVER_MAJOR_FUNCTION: Final = 0x38
#: IRP_MJ_MAXIMUM_FUNCTION + 1.
MAJOR_FUNCTIONS: Final = 0x1C
FAST_IO_LOCK: Final = 0x18
FAST_IO_UNLOCK_SINGLE: Final = 0x1C

FILE_SYSTEM_DEVICE: Final = DRIVER_OBJECTS
FILTER_DEVICE: Final = DRIVER_OBJECTS + DRIVER_SLOT_SIZE
DISK_DEVICE: Final = DRIVER_OBJECTS + 2 * DRIVER_SLOT_SIZE


def dispatch_routine(kernel: Kernel, device: int, major_function: int) -> Routine:
    """Follow DeviceObject->DriverObject->MajorFunction[...]."""
    driver = kernel.memory.read(device + DEVICE_DRIVER_OBJECT)
    return kernel.routine_at(
        kernel.memory.read(driver + DRIVER_MAJOR_FUNCTION + 4 * major_function)
    )


def fast_io_routine(kernel: Kernel, device: int, offset: int) -> FastIoRoutine:
    """Follow DeviceObject->DriverObject->FastIoDispatch to the routine at ``offset``."""
    driver = kernel.memory.read(device + DEVICE_DRIVER_OBJECT)
    table = kernel.memory.read(driver + DRIVER_FAST_IO_DISPATCH)
    return kernel.fast_io_routine_at(kernel.memory.read(table + offset))
