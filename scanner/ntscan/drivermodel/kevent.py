"""KEVENT: what one thread sets and another waits for."""

from typing import Final

from ntscan.drivermodel.kernel import Kernel

_SIGNAL_STATE: Final = 4  # DISPATCHER_HEADER.SignalState


def initialize_event(kernel: Kernel, event: int) -> None:
    """KeInitializeEvent, not signalled."""
    kernel.memory.write(event + _SIGNAL_STATE, 0)


def set_event(kernel: Kernel, event: int) -> None:
    """KeSetEvent."""
    kernel.memory.write(event + _SIGNAL_STATE, 1)


def event_is_set(kernel: Kernel, event: int) -> bool:
    """Say whether KeWaitForSingleObject on the event would return at once."""
    return kernel.memory.read(event + _SIGNAL_STATE) != 0
