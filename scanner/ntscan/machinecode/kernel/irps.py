"""Allocating, building and freeing IRPs (ntddk.h)."""

from collections.abc import Mapping
from typing import Final

from ntscan.drivermodel.irp import IO_TYPE_IRP
from ntscan.machinecode.blocks import BlockKind
from ntscan.machinecode.kernel.call import Call, Model
from ntscan.machinecode.kernel.request import Request
from ntscan.machinecode.kernel.state import Kernel, PathEndError, PathExhaustedError
from ntscan.machinecode.kernel.threads import current_thread
from ntscan.machinecode.traced import FreedBy, FreeSite

#: A run that allocates more is in a loop that its inputs do not end.
_MOST_IRPS: Final = 8
_DEVICE_STACK_SIZE: Final = 0x30
_IRP_MJ_DEVICE_CONTROL: Final = 0x0E
_IRP_MJ_INTERNAL_DEVICE_CONTROL: Final = 0x0F


def allocate_irp(call: Call, stack_size: int) -> Request | None:
    """Make an IRP with so many stack locations (a CCHAR), initialised; None where that fails."""
    kernel, at = call.kernel, call.at
    if len(kernel.requests) >= _MOST_IRPS:
        raise PathExhaustedError(f"more than {_MOST_IRPS} IRPs are allocated")
    locations = stack_size & 0xFF
    if not 0 < locations <= 0x7F:  # noqa: PLR2004  a CCHAR
        raise PathEndError(f"an IRP with {locations} stack locations is allocated at 0x{at:x}")
    block = kernel.memory.allocate(BlockKind.IRP, kernel.layouts.size_of_irp(locations), "IRP")
    kernel.on_allocation(at)
    if kernel.decided(call.name, block.address) == 0:
        return None
    request = Request(
        block=block,
        layouts=kernel.layouts,
        allocated_at=at,
        answers_before=tuple(kernel.fast_io_answers),
        number=len(kernel.requests) + 1,
    )
    kernel.requests[request.address] = request
    _initialize(kernel, request)
    return request


def free_request(request: Request, by: FreedBy, at: int | None, kernel: Kernel) -> None:
    """Count a free, and take the IRP's bytes away with the first."""
    request.free_sites.append(FreeSite(rva=at, by=by))
    if request.outstanding:
        kernel.doubt("an IRP is freed while the driver below still has it")
    if not request.block.freed:
        kernel.memory.free(request.block)


def _initialize(kernel: Kernel, request: Request) -> None:
    memory, layout, start = kernel.memory, kernel.layouts.irp, request.address
    if request.block.freed:
        raise PathEndError("an IRP that was freed is initialised")
    memory.clear(request.block)
    memory.write(start + layout.type, 2, IO_TYPE_IRP)
    memory.write(start + layout.size_field, 2, request.block.size)
    memory.write(start + layout.stack_count, 1, request.stack_locations)
    memory.write(start + layout.current_location, 1, request.stack_locations + 1)
    memory.write(start + layout.current_stack_location, 4, start + request.block.size)
    entry = start + layout.thread_list_entry
    memory.write(entry, 4, entry)
    memory.write(entry + 4, 4, entry)


def _io_allocate_irp(call: Call) -> int:
    return _address(allocate_irp(call, call[0]))


def _address(request: Request | None) -> int:
    return request.address if request else 0


def _io_free_irp(call: Call) -> int:
    request = call.kernel.request(call[0])
    if request is None:
        raise PathEndError(f"an IRP that it did not allocate is freed at 0x{call.at:x}")
    free_request(request, call.kernel.part, call.at, call.kernel)
    return 0


def _io_initialize_irp(call: Call) -> int:
    request = call.kernel.request(call[0])
    if request is None:
        raise PathEndError(f"an IRP in memory of another kind is made at 0x{call.at:x}")
    _initialize(call.kernel, request)
    return 0


def _io_reuse_irp(call: Call) -> int:
    _io_initialize_irp(call)
    call.memory.write(call[0] + call.kernel.layouts.irp.io_status, 4, call[1])
    return 0


def _build(call: Call, device: int, major: int) -> Request | None:
    """Make an IRP that the I/O manager knows the thread of, and so can finish with by itself."""
    kernel, memory = call.kernel, call.memory
    request = allocate_irp(call, memory.read(device + _DEVICE_STACK_SIZE, 1))
    if request is None:
        return None
    thread = request.address + kernel.layouts.irp.thread
    memory.write(thread, 4, current_thread(kernel))
    location = request.address + request.block.size - kernel.layouts.stack_location.size
    memory.write(location + kernel.layouts.stack_location.major_function, 1, major)
    return request


def _io_build_asynchronous(call: Call) -> int:
    return _reports_to(call, _build(call, call[1], call[0]), event=0, io_status=call[5])


def _io_build_synchronous(call: Call) -> int:
    return _reports_to(call, _build(call, call[1], call[0]), event=call[5], io_status=call[6])


def _io_build_device_io_control(call: Call) -> int:
    internal = call[6] & 0xFF
    major = _IRP_MJ_INTERNAL_DEVICE_CONTROL if internal else _IRP_MJ_DEVICE_CONTROL
    return _reports_to(call, _build(call, call[1], major), event=call[7], io_status=call[8])


def _reports_to(call: Call, request: Request | None, *, event: int, io_status: int) -> int:
    if request is not None:
        layout = call.kernel.layouts.irp
        call.memory.write(request.address + layout.user_event, 4, event)
        call.memory.write(request.address + layout.user_iosb, 4, io_status)
    return _address(request)


MODELS: Final[Mapping[str, Model]] = {
    "IoAllocateIrp": _io_allocate_irp,
    "IoFreeIrp": _io_free_irp,
    "IoInitializeIrp": _io_initialize_irp,
    "IoReuseIrp": _io_reuse_irp,
    "IoBuildAsynchronousFsdRequest": _io_build_asynchronous,
    "IoBuildSynchronousFsdRequest": _io_build_synchronous,
    "IoBuildDeviceIoControlRequest": _io_build_device_io_control,
}
