"""The I/O manager's allocation, sending and freeing of IRPs, with the DDK's names."""

from typing import Final

from ntscan.drivermodel.bugcheck import BugCheckError, StopCode
from ntscan.drivermodel.devices import dispatch_routine
from ntscan.drivermodel.execution import Answer, Control, Frame
from ntscan.drivermodel.irp import (
    IO_TYPE_IRP,
    current_stack_location,
    initialize_irp,
    irp_type,
    move_stack_location,
)
from ntscan.drivermodel.kernel import Kernel
from ntscan.drivermodel.story import Lane


def _take_memory(kernel: Kernel, frame: Frame) -> Answer:
    frame.irp = kernel.free_irps.allocate()
    if frame.irp:
        kernel.ledger.allocate(frame.irp, frame.context)
    kernel.tell(
        frame.routine.lane,
        Lane.FREE_IRPS,
        "IoAllocateIrp in {} takes {:#010x}{}",
        frame.routine.name,
        frame.irp,
        ", which another requester holds" if kernel.ledger.owners(frame.irp) > 1 else "",
        lists=True,
    )
    return Control.NEXT


def _initialize(kernel: Kernel, frame: Frame) -> Answer:
    if frame.irp:
        initialize_irp(kernel, frame.irp)
        kernel.tell(
            frame.routine.lane,
            Lane.FREE_IRPS,
            "IoInitializeIrp writes Type and Size where a free IRP keeps its link:"
            " the first word of {:#010x} is now {:#010x}",
            frame.irp,
            kernel.memory.read(frame.irp),
            lists=True,
        )
    return Control.NEXT


#: The steps of IoAllocateIrp, to be placed into a routine that calls it. The IRP is ``frame.irp``;
#: 0 when there is no memory. Another processor may allocate between the two.
IO_ALLOCATE_IRP: Final = (_take_memory, _initialize)


def io_free_irp(kernel: Kernel, irp: int, requester: int) -> None:
    """IoFreeIrp; ``requester`` is for the ledger alone.

    Raises ``BugCheckError`` 0x44 where the policy checks the Type, and 0x19 from the pool.
    """
    kernel.ledger.free(irp, requester)
    if kernel.policies.type_check and irp_type(kernel, irp) != IO_TYPE_IRP:
        raise BugCheckError(
            StopCode.MULTIPLE_IRP_COMPLETE_REQUESTS,
            f"IoFreeIrp({irp:#010x}) finds Type {irp_type(kernel, irp):#06x}, not IO_TYPE_IRP",
        )
    kernel.free_irps.free(irp)


def call_driver(kernel: Kernel, device: int, frame: Frame) -> Frame:
    """IofCallDriver: make the next stack location current and enter the driver's dispatch routine.

    Raises ``BugCheckError`` 0x35 when the IRP has no stack location left.
    """
    if move_stack_location(kernel, frame.irp, -1) <= 0:
        raise BugCheckError(
            StopCode.NO_MORE_IRP_STACK_LOCATIONS,
            f"IofCallDriver({device:#010x}, {frame.irp:#010x}) finds no stack location left",
        )
    layout = kernel.layouts.stack_location
    location = current_stack_location(kernel, frame.irp)
    kernel.memory.write(location + layout.device_object, device)
    major_function = kernel.memory.read(location + layout.major_function, 1)
    return Frame(dispatch_routine(kernel, device, major_function), irp=frame.irp)
