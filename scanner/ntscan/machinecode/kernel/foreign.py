"""Calls through pointers to other drivers: known by the path on which each pointer was reached.

A call through [8][0x28][0x1C] is one of DeviceObject->DriverObject->FastIoDispatch's routine at
0x1C, FastIoUnlockSingle; through [8][0x38 + 4 * n], of its dispatch routine n. Routines and their
number of arguments: ntddk.h and ntifs.h of the public headers.
"""

from typing import Final, NamedTuple

from ntscan.drivermodel.devices import (
    DEVICE_DRIVER_OBJECT,
    DRIVER_FAST_IO_DISPATCH,
    DRIVER_MAJOR_FUNCTION,
    FAST_IO_UNLOCK_SINGLE,
    MAJOR_FUNCTIONS,
)
from ntscan.machinecode.kernel.sending import send
from ntscan.machinecode.kernel.state import Kernel, PathEndError
from ntscan.machinecode.origin import Origin

_DISPATCH_ARGUMENTS: Final = 2


class FastIoRoutine(NamedTuple):
    """A BOOLEAN routine of FAST_IO_DISPATCH: its arguments, of which the last is the device.

    ``status`` is the index of its IO_STATUS_BLOCK.
    """

    name: str
    arguments: int
    status: int


_FAST_IO: Final = {
    0x04: FastIoRoutine("FastIoCheckIfPossible", 8, 6),
    0x08: FastIoRoutine("FastIoRead", 8, 6),
    0x0C: FastIoRoutine("FastIoWrite", 8, 6),
    0x10: FastIoRoutine("FastIoQueryBasicInfo", 5, 3),
    0x14: FastIoRoutine("FastIoQueryStandardInfo", 5, 3),
    0x18: FastIoRoutine("FastIoLock", 9, 7),
    FAST_IO_UNLOCK_SINGLE: FastIoRoutine("FastIoUnlockSingle", 7, 5),
    0x20: FastIoRoutine("FastIoUnlockAll", 4, 2),
    0x24: FastIoRoutine("FastIoUnlockAllByKey", 5, 3),
    0x28: FastIoRoutine("FastIoDeviceControl", 9, 7),
}


def call_other_driver(kernel: Kernel, address: int, at: int) -> None:
    """Answer a call to an address outside the image; raises PathEndError for an unknown one."""
    found = kernel.memory.places.unknown.behind(address)
    if found is None or found[1] != 0:
        raise PathEndError(f"0x{at:x} calls 0x{address:08x}, where no routine is known")
    origin = found[0]
    match origin.offsets:
        case (*_, driver, table, slot) if (
            (driver, table) == (DEVICE_DRIVER_OBJECT, DRIVER_FAST_IO_DISPATCH)
            and slot in _FAST_IO
            and _is_device(kernel, Origin(origin.root, origin.offsets[:-3]), _FAST_IO[slot])
        ):
            _fast_io(kernel, _FAST_IO[slot])
        case (*_, driver, slot) if driver == DEVICE_DRIVER_OBJECT and _is_dispatch(slot):
            processor = kernel.processor
            device, irp = processor.argument(0), processor.argument(1)
            result = send(kernel, device, irp, at, advance=False)
            processor.finish_call(result, _DISPATCH_ARGUMENTS)
        case _:
            raise PathEndError(f"0x{at:x} calls a routine that is not modelled: {origin}")


def _is_dispatch(slot: int) -> bool:
    number, rest = divmod(slot - DRIVER_MAJOR_FUNCTION, 4)
    return rest == 0 and 0 <= number < MAJOR_FUNCTIONS


def _is_device(kernel: Kernel, device: Origin, routine: FastIoRoutine) -> bool:
    """Say whether the routine is given the device whose driver it was found through."""
    given = kernel.processor.argument(routine.arguments - 1)
    behind = kernel.memory.places.unknown.behind(given)
    return behind is not None and behind[1] == 0 and _same(behind[0], device)


def _same(left: Origin, right: Origin) -> bool:
    return (left.root, left.offsets) == (right.root, right.offsets)


def _fast_io(kernel: Kernel, routine: FastIoRoutine) -> None:
    processor = kernel.processor
    answer = kernel.choices.fast_io_answer
    status = processor.argument(routine.status)
    if answer and status:
        kernel.memory.write(status, 4, 0)
        kernel.memory.write(status + 4, 4, 0)
    if routine.name == "FastIoUnlockSingle":
        kernel.fast_io_answers.append(answer)
    processor.finish_call(int(answer), routine.arguments)
