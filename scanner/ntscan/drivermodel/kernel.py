"""The kernel's state as one thing: memory, threads, drivers; it runs one step at a time."""

from typing import Final, NamedTuple

from ntscan.drivermodel.bugcheck import Irql, bug_check_of
from ntscan.drivermodel.execution import Control, Frame, Goto, Lane, Return, Routine, Thread
from ntscan.drivermodel.fast_io import FileSystem
from ntscan.drivermodel.layouts import LAYOUTS
from ntscan.drivermodel.lookaside import HEAD_SIZE, LookasideList
from ntscan.drivermodel.memory import Memory, PageFaultError, Region
from ntscan.drivermodel.narration import Chain
from ntscan.drivermodel.ownership import Ownership
from ntscan.drivermodel.policies import Allocator, Policies, Refusal
from ntscan.drivermodel.pool import DESCRIPTOR_SIZE, NonpagedPool
from ntscan.drivermodel.processor import Processor

KERNEL_DATA: Final = 0x8014C000
POOL_PAGE: Final = 0x80F82000
KERNEL_STACKS: Final = 0xFC4A0000
STACK_BLOCK_SIZE: Final = 0x40
_STACK_BLOCKS: Final = 8


class Event(NamedTuple):
    """Something that happened: who did it to whom, in words."""

    source: Lane
    target: Lane
    what: str
    free_irps: str  # the list of free IRPs after it, where it changed; else empty


class Kernel:
    """An NT kernel small enough to be looked at; ``run`` takes one thread one step on."""

    __slots__ = (
        "dispatch",
        "events",
        "file_system",
        "free_irps",
        "layouts",
        "memory",
        "ownership",
        "policies",
        "pool",
        "processor",
        "routines",
        "threads",
    )

    def __init__(self, policies: Policies) -> None:
        self.policies = policies
        self.layouts = LAYOUTS[policies.platform]
        self.processor = Processor()
        self.memory = Memory(
            Region(KERNEL_DATA, bytearray(HEAD_SIZE + DESCRIPTOR_SIZE)),
            Region(POOL_PAGE, bytearray(self.layouts.page_size)),
            Region(KERNEL_STACKS, bytearray(_STACK_BLOCKS * STACK_BLOCK_SIZE)),
        )
        self.pool = NonpagedPool(
            self.memory,
            self.processor,
            self.layouts,
            page=POOL_PAGE,
            descriptor=KERNEL_DATA + HEAD_SIZE,
        )
        self.free_irps = LookasideList(
            self.memory,
            self.pool,
            head=KERNEL_DATA,
            block_size=self.layouts.size_of_irp(self.stack_size),
            maximum_depth=(
                policies.lookaside_depth if policies.allocator is Allocator.LOOKASIDE else 0
            ),
        )
        self.routines: dict[int, Routine] = {}
        self.dispatch: dict[int, Routine] = {}
        self.threads: list[Thread] = []
        self.file_system = FileSystem(refusal=policies.refusal)
        self.ownership = Ownership()
        self.events: list[Event] | None = None

    @property
    def stack_size(self) -> int:
        """How many stack locations an IRP for the file system's topmost device needs."""
        return 2 if self.policies.refusal is Refusal.FILTER else 1

    def load(self, *routines: Routine) -> None:
        """Make routines callable through their addresses."""
        for routine in routines:
            self.routines[routine.address] = routine

    def routine_at(self, address: int) -> Routine:
        """Give the routine that a call through this address enters.

        Raises ``PageFaultError`` where there is no code to fetch.
        """
        if address not in self.routines:
            raise PageFaultError(address, write=False)
        return self.routines[address]

    def start(self, name: str, frame: Frame, irql: Irql = Irql.PASSIVE_LEVEL) -> Thread:
        """Add a thread that will run ``frame``."""
        thread = Thread(name, irql, [frame])
        self.threads.append(thread)
        return thread

    def run(self, thread: Thread) -> bool:
        """Run one step of a thread; say whether it did anything, or waits.

        Raises ``BugCheckError`` when a check of the kernel fails or memory is touched where there
        is none. A thread that has returned from its last frame leaves ``threads``.
        """
        frame = thread.frames[-1]
        self.processor.irql = thread.irql
        try:
            answer = frame.routine.steps[frame.step](self, frame)
        except PageFaultError as fault:
            raise bug_check_of(fault, self.processor.irql) from fault
        if answer is Control.BLOCKED:
            return False
        if isinstance(answer, Goto):
            frame.step = answer.step
            return True
        if isinstance(answer, Return):
            thread.frames.pop()
            if thread.frames:
                thread.frames[-1].result = answer.value
            else:
                self.threads.remove(thread)
            return True
        frame.step += 1
        if isinstance(answer, Frame):
            thread.frames.append(answer)
        return True

    def finish(self, thread: Thread) -> bool:
        """Run a thread until it ends or waits; say whether it ended."""
        while thread.frames:
            if not self.run(thread):
                return False
        return True

    def free_irp_chain(self) -> Chain:
        """Follow the list that the next IRP comes from: the lookaside list, or the pool's."""
        if self.policies.allocator is Allocator.LOOKASIDE:
            return self.free_irps.chain()
        return self.pool.chain(self.layouts.size_of_irp(self.stack_size))

    def tell(
        self, source: Lane, target: Lane, what: str, *values: object, lists: bool = False
    ) -> None:
        """Record an event, where somebody listens; formatting is done only then.

        ``lists`` adds how the list of free IRPs stands after it.
        """
        if self.events is not None:
            chain = f"free IRPs: {self.free_irp_chain()}" if lists else ""
            self.events.append(Event(source, target, what.format(*values), chain))
