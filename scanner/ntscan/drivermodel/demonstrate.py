"""One refused unlock, told step by step, and the I/O of other drivers after it."""

from typing import Final

from msgspec import Struct

from ntscan.drivermodel import traffic
from ntscan.drivermodel.bugcheck import BugCheckError
from ntscan.drivermodel.builds import BUILDS, Build
from ntscan.drivermodel.chain import NOT_MEMORY
from ntscan.drivermodel.execution import Frame
from ntscan.drivermodel.kernel import Kernel
from ntscan.drivermodel.ledger import Holding
from ntscan.drivermodel.policies import Policies
from ntscan.drivermodel.scene import hold_lock, running_machine, stand_in_the_way, unlock
from ntscan.drivermodel.story import Event, Lane, sentences
from ntscan.vocabulary import Behaviour

#: How many I/O operations follow the refused unlock before ``demonstrate`` gives up on a STOP.
OPERATIONS_BOUND: Final = 6


_OVERLAP_ASSUMPTION: Final = (
    "The I/O operations after the unlock overlap: each is outstanding while the next begins."
)


class Demonstration(Struct, frozen=True, kw_only=True):
    """What one refused unlock did to the modelled machine."""

    behaviour: Behaviour
    #: IRPs that SFM's unlock path allocated in the refused unlock.
    allocations: int
    #: How often SFM freed that IRP.
    frees: int
    double_free: bool
    #: I/O operations after the refused unlock until the STOP; None: none within the bound of six.
    io_operations_until_stop: int | None
    #: As Windows prints it, such as ``0x0000001E``; None where the machine did not stop.
    stop_code: str | None
    #: Numbered sentences with addresses, in the order of events.
    trace: tuple[str, ...]
    #: What no source states and the result rests on.
    assumptions: tuple[str, ...]

    @property
    def heading(self) -> str:
        """Name what is shown: where no IRP was needed, nothing was refused."""
        what = "One refused unlock" if self.allocations else "One unlock that Fast I/O takes"
        return f"{what}, {self.behaviour} build"

    @property
    def ending(self) -> str:
        """Say how it ended for the machine, relative to the refused unlock."""
        if self.stop_code is None:
            return "the machine goes on"
        if not self.io_operations_until_stop:
            return f"STOP {self.stop_code} before it is done"
        return f"STOP {self.stop_code} in I/O operation {self.io_operations_until_stop} after it"


class Recording(Struct, frozen=True, kw_only=True):
    """A demonstration and its events, for drawing."""

    demonstration: Demonstration
    events: tuple[Event, ...]
    #: What happened, for a reader who knows no kernel.
    in_plain_words: str


def demonstrate(behaviour: Behaviour, policies: Policies | None = None) -> Demonstration:
    """Let Fast I/O refuse one unlock, then start six I/O operations of other drivers.

    The operations overlap: each is outstanding while the next begins. Deterministic; no I/O.
    """
    return record(behaviour, policies or Policies()).demonstration


def record(
    behaviour: Behaviour, policies: Policies, build: Build | None = None, *, free: int = 2
) -> Recording:
    """Demonstrate, and keep the events.

    ``build`` replaces the behaviour's own; ``free`` IRPs are free before the unlock.
    """
    build = build or BUILDS[behaviour]
    kernel = running_machine(policies, build, free=free)
    frame = unlock(build, hold_lock(kernel, build, worker=0), worker=0)
    stand_in_the_way(kernel)
    events: list[Event] = []
    kernel.events = events
    operations, stop = _play(kernel, frame)
    ledger = kernel.ledger
    return Recording(
        in_plain_words=_in_plain_words(kernel, stop),
        demonstration=Demonstration(
            behaviour=behaviour,
            allocations=_of(ledger.allocations, frame),
            frees=_of(ledger.frees, frame),
            double_free=ledger.double_free,
            io_operations_until_stop=operations if stop else None,
            stop_code=str(stop.code) if stop else None,
            trace=sentences(events),
            assumptions=(*policies.assumptions(), build.assumption, _OVERLAP_ASSUMPTION),
        ),
        events=tuple(events),
    )


def _play(kernel: Kernel, frame: Frame) -> tuple[int, BugCheckError | None]:
    """Run the unlock, then other drivers' requests; give how many began, and the STOP."""
    operations = 0
    kernel.tell(Lane.FREE_IRPS, Lane.FREE_IRPS, "Before the unlock", lists=True)
    try:
        kernel.start("SFM worker", frame)
        kernel.run_all()
        while operations < OPERATIONS_BOUND:
            operations += 1
            kernel.tell(
                Lane.OTHER,
                Lane.IO_MANAGER,
                "I/O operation {} begins: another driver asks for an IRP",
                operations,
            )
            request = traffic.request(operations)
            kernel.finish(kernel.start("request", request, kernel.policies.traffic_irql))
    except BugCheckError as stop:
        kernel.tell_stop(stop)
        return operations, stop
    kernel.tell(
        Lane.OTHER,
        Lane.OTHER,
        "The machine did not stop: {} I/O operations began, and all are outstanding",
        operations,
    )
    return operations, None


def _in_plain_words(kernel: Kernel, stop: BugCheckError | None) -> str:
    """Say it from the ledger and the list as they stand at the end; a packet is an IRP."""
    happened = (
        (kernel.ledger.double_free, "A packet is given back more often than it was taken"),
        (kernel.ledger.two_owners, "the same packet is given to two requests"),
        (
            kernel.free_irp_chain().fault == NOT_MEMORY,
            "the list of free packets points to where no memory is",
        ),
    )
    clauses = [words for true, words in happened if true] or ["No packet is given back twice"]
    return "; ".join([*clauses, "the machine stops" if stop else "the machine goes on"]) + "."


def _of(holdings: list[Holding], frame: Frame) -> int:
    return sum(1 for _, requester in holdings if requester == frame.context)
