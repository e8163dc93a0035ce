"""Builds of sfmsrv.sys, as data: the steps of its routines, in order. Nothing else differs.

Of the vulnerable build the article (Q242896) says what it frees where. How the fixed build frees
exactly once is not published; here are the ways that the DDK's rules allow, and for comparison what
happens where the IRP is left to the I/O manager.
"""

from typing import Final

from msgspec import Struct

from ntscan.drivermodel.execution import Routine, Step
from ntscan.drivermodel.io_manager import IO_ALLOCATE_IRP
from ntscan.drivermodel.kernel import Kernel
from ntscan.drivermodel.sfm import (
    LOCK,
    UNLOCK,
    Operation,
    free_irp,
    keep_irp,
    let_go,
    send,
    set_thread,
    set_up,
    set_user_event,
    signal,
    try_fast_io,
    wait,
    wait_if_pending,
)
from ntscan.drivermodel.story import Lane
from ntscan.vocabulary import Behaviour


class Build(Struct, frozen=True, kw_only=True):
    """A build of sfmsrv.sys, as far as it locks and unlocks."""

    name: str
    #: What no source states about it, as a sentence.
    assumption: str
    lock: Routine
    unlock: Routine
    completions: tuple[Routine, ...]

    def load(self, kernel: Kernel) -> None:
        """Load the driver: its routines can be called through their addresses."""
        for routine in (self.lock, self.unlock, *self.completions):
            kernel.load(routine)


def make_build(
    name: str,
    *,
    assumption: str = "The build is the model's own; no published one is known to be so.",
    completion: tuple[Step, ...],
    before_send: tuple[Step, ...] = (),
    after_send: tuple[Step, ...],
) -> Build:
    """Make a build from the steps of its unlock path.

    ``completion`` is the completion routine; the others are what the routine that allocates the IRP
    does before and after it calls IofCallDriver. The lock path has no fault in any build: its
    completion routine frees the IRP and keeps it.
    """
    return Build(
        name=name,
        assumption=assumption,
        lock=_request_routine(LOCK, (send, wait_if_pending)),
        unlock=_request_routine(UNLOCK, (*before_send, send, *after_send)),
        completions=(
            _completion_routine(LOCK, (free_irp, signal, keep_irp)),
            _completion_routine(UNLOCK, completion),
        ),
    )


def _request_routine(operation: Operation, steps: tuple[Step, ...]) -> Routine:
    return Routine(
        name=f"SFM's {operation.name} routine",
        address=operation.address,
        lane=Lane.SFM,
        steps=(try_fast_io(operation), *IO_ALLOCATE_IRP, set_up(operation), *steps, let_go),
    )


def _completion_routine(operation: Operation, steps: tuple[Step, ...]) -> Routine:
    return Routine(
        name=f"SFM's {operation.name} completion routine",
        address=operation.completion_address,
        lane=Lane.SFM,
        steps=steps,
    )


_KEEPS: Final = "SFM's completion routine returns STATUS_MORE_PROCESSING_REQUIRED"
_UNPUBLISHED: Final = "How the fix frees the IRP exactly once is not published; the one shown:"

VULNERABLE: Final = make_build(
    "frees twice in the completion routine, once in the allocating routine",
    assumption=f"{_KEEPS}, and the allocating routine waits for a pending IRP before it goes on;"
    " the article says neither.",
    completion=(free_irp, free_irp, signal, keep_irp),
    after_send=(wait_if_pending, free_irp),
)
VULNERABLE_WITHOUT_WAIT: Final = make_build(
    "as the vulnerable build, but does not wait for a pending IRP",
    assumption=f"{_KEEPS}, and the allocating routine does not wait for a pending IRP; the article"
    " says neither.",
    completion=(free_irp, free_irp, signal, keep_irp),
    after_send=(free_irp,),
)
COMPLETION_FREES: Final = make_build(
    "the completion routine frees the IRP and keeps it",
    assumption=f"{_UNPUBLISHED} the completion routine frees it and returns"
    " STATUS_MORE_PROCESSING_REQUIRED, and the allocating routine waits for a pending IRP.",
    completion=(free_irp, signal, keep_irp),
    after_send=(wait_if_pending,),
)
ALLOCATOR_FREES: Final = make_build(
    "the completion routine keeps the IRP; the allocating routine waits, then frees it",
    assumption=f"{_UNPUBLISHED} the completion routine returns STATUS_MORE_PROCESSING_REQUIRED, and"
    " the allocating routine always waits for its event, then frees the IRP.",
    completion=(signal, keep_irp),
    after_send=(wait, free_irp),
)
LEFT_WITH_THREAD: Final = make_build(
    "the IRP is left to the I/O manager, with a thread set",
    assumption=f"{_UNPUBLISHED} the completion routine returns STATUS_SUCCESS, the I/O manager"
    " frees the IRP in the thread that is set in it, and the allocating routine waits.",
    completion=(let_go,),
    before_send=(set_user_event, set_thread),
    after_send=(wait,),
)
LEFT_WITHOUT_THREAD: Final = make_build(
    "no fix: the IRP is left to the I/O manager, without a thread",
    assumption="A build that leaves the IRP to the I/O manager without a thread is none that was"
    " published; it is shown for comparison.",
    completion=(let_go,),
    before_send=(set_user_event,),
    after_send=(wait,),
)

#: The build that a behaviour is shown with.
BUILDS: Final = {Behaviour.VULNERABLE: VULNERABLE, Behaviour.FIXED: COMPLETION_FREES}

#: Every way to write a build of that behaviour; the last of the fixed ones is none, and shown.
VARIANTS: Final = {
    Behaviour.VULNERABLE: (VULNERABLE, VULNERABLE_WITHOUT_WAIT),
    Behaviour.FIXED: (COMPLETION_FREES, ALLOCATOR_FREES, LEFT_WITH_THREAD, LEFT_WITHOUT_THREAD),
}

#: What is shown unless a behaviour is asked for.
IN_BRIEF: Final = (VULNERABLE, *VARIANTS[Behaviour.FIXED])
