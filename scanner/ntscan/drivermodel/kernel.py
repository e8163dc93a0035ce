"""The kernel's state as one thing: memory, threads, drivers; it runs one step at a time."""

from typing import TypeAlias

from ntscan.drivermodel.address_map import (
    DRIVER_OBJECTS,
    DRIVER_SLOT_SIZE,
    DRIVERS,
    KERNEL_DATA,
    KERNEL_STACKS,
    POOL_PAGE,
    REQUESTERS,
    STACK_BLOCK_SIZE,
    THREAD_OBJECT_SIZE,
    THREAD_OBJECTS,
    WORKERS,
)
from ntscan.drivermodel.bugcheck import BugCheckError, Irql, bug_check_of
from ntscan.drivermodel.byte_range_locks import LockTable
from ntscan.drivermodel.chain import Chain
from ntscan.drivermodel.execution import (
    Control,
    FastIoRoutine,
    Frame,
    FrozenThread,
    Goto,
    LockRequest,
    Return,
    Routine,
    Thread,
)
from ntscan.drivermodel.layouts import LAYOUTS
from ntscan.drivermodel.ledger import FrozenLedger, Ledger
from ntscan.drivermodel.lookaside import HEAD_SIZE, LookasideList
from ntscan.drivermodel.memory import Access, FrozenRegion, Memory, PageFaultError, Region
from ntscan.drivermodel.policies import Allocator, Policies, Refusal
from ntscan.drivermodel.pool import DESCRIPTOR_SIZE, NonpagedPool
from ntscan.drivermodel.processor import Processor
from ntscan.drivermodel.story import Event, Lane, Tone

#: Everything that can differ between two moments of one scene.
FrozenKernel: TypeAlias = tuple[
    tuple[FrozenRegion, ...], tuple[FrozenThread, ...], tuple[LockRequest, ...], FrozenLedger
]


class Kernel:
    """An NT kernel small enough to be looked at; ``run`` takes one thread one step on."""

    __slots__ = (
        "_code",
        "_fast_io",
        "events",
        "filter_refuses",
        "free_irps",
        "layouts",
        "ledger",
        "lock_table",
        "memory",
        "oplocks",
        "policies",
        "pool",
        "processor",
        "threads",
    )

    def __init__(self, policies: Policies) -> None:
        self.policies = policies
        self.layouts = LAYOUTS[policies.platform]
        self.processor = Processor()
        self.memory = Memory(
            Region(POOL_PAGE, self.layouts.page_size),
            Region(KERNEL_DATA, HEAD_SIZE + DESCRIPTOR_SIZE),
            Region(KERNEL_STACKS, REQUESTERS * STACK_BLOCK_SIZE),
            Region(DRIVER_OBJECTS, DRIVERS * DRIVER_SLOT_SIZE),
            Region(THREAD_OBJECTS, WORKERS * THREAD_OBJECT_SIZE),
        )
        self.pool = NonpagedPool(
            self.memory,
            self.processor,
            self.layouts,
            page=POOL_PAGE,
            descriptor=KERNEL_DATA + HEAD_SIZE,
        )
        lookaside = policies.allocator is Allocator.LOOKASIDE
        self.free_irps = LookasideList(
            self.memory,
            self.pool,
            head=KERNEL_DATA,
            block_size=self.size_of_irp,
            maximum_depth=policies.lookaside_depth if lookaside else 0,
        )
        self.threads: list[Thread] = []
        self.lock_table = LockTable()
        #: Forks on which another opener holds an oplock.
        self.oplocks: frozenset[int] = frozenset()
        #: Whether the filter, where one is attached, answers FALSE to the next Fast I/O call.
        self.filter_refuses = True
        self.ledger = Ledger()
        self.events: list[Event] | None = None
        self._code: dict[int, Routine] = {}
        self._fast_io: dict[int, FastIoRoutine] = {}

    @property
    def stack_size(self) -> int:
        """How many stack locations an IRP for the file system's topmost device needs."""
        return 2 if self.policies.refusal is Refusal.FILTER else 1

    @property
    def size_of_irp(self) -> int:
        """The bytes of every IRP in the scene."""
        return self.layouts.size_of_irp(self.stack_size)

    def load(self, routine: Routine | FastIoRoutine) -> None:
        """Make a routine callable through its address."""
        if isinstance(routine, Routine):
            self._code[routine.address] = routine
        else:
            self._fast_io[routine.address] = routine

    def routine_at(self, address: int) -> Routine:
        """Give the routine that a call through this address enters.

        Raises ``PageFaultError`` where there is no code to fetch.
        """
        if address not in self._code:
            raise PageFaultError(address, Access.CALL)
        return self._code[address]

    def fast_io_routine_at(self, address: int) -> FastIoRoutine:
        """Give the Fast I/O routine at this address; raise ``PageFaultError`` without one."""
        if address not in self._fast_io:
            raise PageFaultError(address, Access.CALL)
        return self._fast_io[address]

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
        elif isinstance(answer, Return):
            thread.frames.pop()
            if thread.frames:
                thread.frames[-1].result = answer.value
            else:
                self.threads.remove(thread)
        else:
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

    def run_all(self) -> bool:
        """Run thread after thread until none can go on; say whether all ended."""
        moved = True
        while self.threads and moved:
            moved = False
            for thread in tuple(self.threads):
                if self.run(thread):
                    moved = True
                    self.finish(thread)
        return not self.threads

    def freeze(self) -> FrozenKernel:
        """Give the whole state as a value: equal states are equal values."""
        threads = tuple([thread.freeze() for thread in self.threads])
        return self.memory.freeze(), threads, self.lock_table.locks, self.ledger.freeze()

    def thaw(self, frozen: FrozenKernel) -> None:
        """Put back what ``freeze`` gave."""
        memory, threads, self.lock_table.locks, ledger = frozen
        self.memory.thaw(memory)
        self.threads = [Thread.thaw(thread) for thread in threads]
        self.ledger.thaw(ledger)

    def free_irp_chain(self) -> Chain:
        """Follow the list that the next IRP comes from: the lookaside list, or the pool's."""
        if self.policies.allocator is Allocator.LOOKASIDE:
            return self.free_irps.chain()
        return self.pool.chain(self.size_of_irp)

    def tell(
        self, source: Lane, target: Lane, what: str, *values: object, lists: bool = False
    ) -> None:
        """Record an event, where somebody listens; formatting is done only then.

        ``lists`` adds how the list of free IRPs stands after it.
        """
        if self.events is not None:
            chain = self.free_irp_chain()
            ledger = self.ledger
            wrong = bool(lists and (chain.fault or ledger.double_free or ledger.two_owners))
            self.events.append(
                Event(
                    source,
                    target,
                    what.format(*values),
                    f"free IRPs: {chain}" if lists else "",
                    Tone.WRONG if wrong else Tone.NORMAL,
                )
            )

    def tell_stop(self, stop: BugCheckError) -> None:
        """Record the event that no other follows."""
        if self.events is not None:
            lane = Lane.IO_MANAGER
            self.events.append(Event(lane, lane, str(stop), "", Tone.STOP))
