"""One run of one function: with which inputs, which branches forced, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from ntscan.machinecode.address_map import RETURN_ADDRESSES
from ntscan.machinecode.address_space import AddressSpace, Touch
from ntscan.machinecode.budget import SLICE, Meter
from ntscan.machinecode.kernel.dispatch import answer_call
from ntscan.machinecode.kernel.leftovers import note_pointers_left
from ntscan.machinecode.kernel.pending import let_all_run
from ntscan.machinecode.kernel.request import Request
from ntscan.machinecode.kernel.sending import complete
from ntscan.machinecode.kernel.state import Choices, Kernel, PathEndError, PathExhaustedError
from ntscan.machinecode.loader.loaded_image import LoadedImage
from ntscan.machinecode.machines import MACHINES
from ntscan.machinecode.origin import Origin
from ntscan.machinecode.processor import Comparison, MemoryFault, StopKind

_MOST_BRANCHES: Final = 3_000
_MOST_ARGUMENTS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A conditional branch that a run met.

    ``natural`` is where the values lead, ``taken`` where it went; ``touches`` counts the unknown
    words that had come into being.
    """

    address: int
    natural: bool
    taken: bool
    comparison: Comparison | None
    touches: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How a run is steered.

    ``forced`` are branches, by their number in the run, and where they go; none after an IRP is
    allocated. A run that leaves the path to ``follow`` stops there; with ``only_follow``, so does
    one that has come to its end. ``steps`` is the number of instructions it may take, if not the
    budget's.
    """

    forced: Mapping[int, bool] = field(default_factory=dict)
    follow: Sequence[tuple[int, bool]] = ()
    only_follow: bool = False
    steps: int | None = None


FREE: Final = Course()


@dataclass(slots=True, kw_only=True)
class Run:
    """What one run did.

    ``allocation`` is the number of branches before the first allocation of an IRP, or ``None``,
    and ``touches_before`` that of the unknown words; ``path`` is the branches and where they went.
    ``ended`` says why the path could not be followed to a clean return; empty where it could.
    ``exhausted`` says that it goes on and on.
    """

    function: int
    assignment: Mapping[Origin, int]
    choices: Choices
    forced: bool = False
    branches: list[Branch] = field(default_factory=list)
    path: tuple[tuple[int, bool], ...] = ()
    touches: Sequence[Touch] = ()
    allocation: int | None = None
    touches_before: int = 0
    allocations: list[int] = field(default_factory=list)
    requests: tuple[Request, ...] = ()
    fast_io_answers: tuple[bool, ...] = ()
    doubts: tuple[str, ...] = ()
    unmodelled: tuple[str, ...] = ()
    ended: str = ""
    exhausted: bool = False

    @property
    def clean_return(self) -> bool:
        """Whether the function returned with stack and preserved registers as they were."""
        return not self.ended

    @property
    def natural(self) -> bool:
        """Whether no branch was forced."""
        return not self.forced


class _DivergedError(Exception):
    """A run has left the path that it was to follow."""


class Runner:
    """Runs functions of one image; each run begins with nothing touched."""

    def __init__(self, image: LoadedImage, meter: Meter) -> None:
        self.image = image
        self.meter = meter
        self._machine = MACHINES[image.machine]
        self._memory = AddressSpace(image)
        self._processor = self._machine.processor(self._memory)
        self._initial = self._processor.save()

    def run(
        self,
        function: int,
        assignment: Mapping[Origin, int],
        choices: Choices,
        course: Course = FREE,
    ) -> Run:
        """Run a function from its beginning; raises BudgetSpentError alone."""
        self.meter.begin_path()
        run = Run(function=function, assignment=assignment, choices=choices)
        self._memory.begin(assignment)
        processor = self._processor
        processor.restore(self._initial)
        kernel = Kernel(processor, self._memory, self._machine.layouts, choices)
        kernel.complete = partial(complete, kernel)
        kernel.run_until = _Execution(kernel, self.meter, course.steps)
        kernel.on_allocation = partial(_note_allocation, run, self._memory)
        processor.branch_hook = _Hook(kernel, run, course)
        before = processor.preserved()
        try:
            self._machine.begin(processor, self._memory, function, RETURN_ADDRESSES)
            kernel.run_until(RETURN_ADDRESSES)
            _check_return(before, processor.preserved())
            let_all_run(kernel)
        except PathEndError as end:
            run.ended = str(end)
            run.exhausted = isinstance(end, PathExhaustedError)
        except MemoryFault as fault:
            run.ended = f"the modelled kernel meets {fault}"
        except _DivergedError:
            run.ended = "it left the path"
        note_pointers_left(kernel)
        run.path = tuple((branch.address, branch.taken) for branch in run.branches)
        run.touches = self._memory.touches
        run.requests = tuple(kernel.requests.values())
        run.fast_io_answers = tuple(kernel.fast_io_answers)
        run.doubts = tuple(kernel.doubts)
        run.unmodelled = tuple(kernel.unmodelled)
        return run


class _Hook:
    """Asked at each branch: notes it, and forces it where that is wanted."""

    def __init__(
        self,
        kernel: Kernel,
        run: Run,
        course: Course,
    ) -> None:
        self._processor = kernel.processor
        self._memory = kernel.memory
        self._run = run
        self._forced = course.forced
        self._follow = course.follow
        self._stop_at = len(course.follow) - 1 if course.only_follow else None

    def __call__(self, address: int, natural: bool) -> bool:
        run = self._run
        number = len(run.branches)
        if number >= _MOST_BRANCHES:
            return natural
        taken = natural
        if self._forced and run.allocation is None:
            taken = self._forced.get(number, natural)
            run.forced |= taken != natural
        run.branches.append(
            Branch(
                address=address,
                natural=natural,
                taken=taken,
                comparison=self._processor.comparison(),
                touches=len(self._memory.touches),
            )
        )
        if number < len(self._follow) and self._follow[number] != (address, taken):
            raise _DivergedError
        if number == self._stop_at:
            raise _DivergedError
        return taken


class _Execution:
    """Lets the processor run and answers calls, until control comes back to an address."""

    def __init__(self, kernel: Kernel, meter: Meter, steps: int | None) -> None:
        self._kernel = kernel
        self._meter = meter
        self._steps = steps or meter.budget.path_instructions
        self._left = self._steps

    def __call__(self, until: int) -> None:
        """Run; raises PathEndError where the path cannot be followed."""
        kernel, processor = self._kernel, self._kernel.processor
        while True:
            before = processor.instructions
            stop = processor.run(max(0, min(SLICE, self._left)))
            spent = processor.instructions - before
            self._left -= spent + 1
            self._meter.spend(spent + 1)
            match stop.kind:
                case StopKind.LEFT_IMAGE:
                    if stop.address == until:
                        return
                    answer_call(kernel, stop.address)
                case StopKind.LIMIT:
                    self._refuse_excess()
                case StopKind.UNSUPPORTED:
                    at = kernel.rva(stop.address)
                    raise PathEndError(f"0x{at:x} is {stop.detail}, which is not interpreted")
                case StopKind.FAULT:
                    raise PathEndError(f"0x{kernel.rva(stop.address):x} faults: {stop.detail}")

    def _refuse_excess(self) -> None:
        budget = self._meter.budget
        if self._left <= 0:
            raise PathExhaustedError(f"it does not return within {self._steps:,} instructions")
        if len(self._kernel.memory.words) > budget.path_words:
            raise PathExhaustedError(f"it touches more than {budget.path_words:,} words of memory")


def _note_allocation(run: Run, memory: AddressSpace, at: int) -> None:
    run.allocations.append(at)
    if run.allocation is None:
        run.allocation = len(run.branches)
        run.touches_before = len(memory.touches)


def _check_return(before: tuple[int, ...], after: tuple[int, ...]) -> None:
    """Compare what must be preserved; a stdcall routine has taken its arguments off the stack."""
    taken, rest = divmod(after[0] - before[0], 4)
    if after[1:] != before[1:] or rest or not 0 <= taken <= _MOST_ARGUMENTS:
        raise PathEndError("it returns with another stack or other preserved registers")
