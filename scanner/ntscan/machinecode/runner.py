"""Runs functions of one image against a kernel of their own."""

from collections.abc import Mapping
from functools import partial

from ntscan.machinecode.address_map import RETURN_ADDRESSES
from ntscan.machinecode.address_space import AddressSpace
from ntscan.machinecode.branch_notes import BranchNotes, DivergedError
from ntscan.machinecode.budget import Meter
from ntscan.machinecode.execution import Execution
from ntscan.machinecode.kernel.leftovers import note_pointers_left
from ntscan.machinecode.kernel.pending import let_all_run
from ntscan.machinecode.kernel.sending import complete
from ntscan.machinecode.kernel.state import Choices, Kernel, PathEndError, PathExhaustedError
from ntscan.machinecode.known_runs import KnownRuns
from ntscan.machinecode.loader.loaded_image import LoadedImage
from ntscan.machinecode.machines import MACHINES
from ntscan.machinecode.origin import Origin
from ntscan.machinecode.places import MOST_ARGUMENTS
from ntscan.machinecode.processor import MemoryFault
from ntscan.machinecode.run import FREE, Course, Run


class Runner:
    """Runs functions of one image; each run begins with nothing touched."""

    def __init__(self, image: LoadedImage, meter: Meter) -> None:
        self.image = image
        self.meter = meter
        self._machine = MACHINES[image.machine]
        self._memory = AddressSpace(image)
        self._processor = self._machine.processor(self._memory)
        self._initial = self._processor.save()
        self._known = KnownRuns()

    def forget(self) -> None:
        """Begin anew to give unknown values; those of runs so far mean nothing to later ones."""
        self._memory.inputs.forget()
        self._known.forget()

    def run(
        self,
        function: int,
        assignment: Mapping[Origin, int],
        choices: Choices,
        course: Course = FREE,
    ) -> Run:
        """Run a function from its beginning; raises BudgetSpentError and ShareSpentError alone."""
        self.meter.begin_path()
        known = self._known.find(function, assignment, choices, course)
        return known or self._run(function, assignment, choices, course)

    def _run(
        self, function: int, assignment: Mapping[Origin, int], choices: Choices, course: Course
    ) -> Run:
        run = Run(function=function, assignment=assignment, choices=choices)
        self._memory.begin(assignment)
        processor = self._processor
        processor.restore(self._initial)
        kernel = Kernel(processor, self._memory, self._machine.layouts, choices)
        kernel.complete = partial(complete, kernel)
        execution = Execution(kernel, self.meter, course.steps)
        kernel.run_until = execution
        kernel.spend = execution.spend
        kernel.on_allocation = partial(_note_allocation, run, self._memory)
        processor.branch_hook = BranchNotes(kernel, run, course)
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
        except DivergedError:
            run.ended = "it left the path"
        note_pointers_left(kernel)
        run.path = tuple((branch.address, branch.taken) for branch in run.branches)
        run.touches = self._memory.inputs.touches
        run.requests = tuple(kernel.requests.values())
        run.fast_io_answers = tuple(kernel.fast_io_answers)
        run.doubts = tuple(kernel.doubts)
        run.unmodelled = tuple(kernel.unmodelled)
        run.calls = frozenset(kernel.calls)
        run.unusual = frozenset(kernel.unusual)
        run.acted_on = frozenset(kernel.acted_on)
        self._known.keep(run, course, kernel.choices.asked)
        return run


def _note_allocation(run: Run, memory: AddressSpace, at: int) -> None:
    run.allocations.append(at)
    if run.allocation is None:
        run.allocation = len(run.branches)
        run.touches_before = len(memory.inputs.touches)


def _check_return(before: tuple[int, ...], after: tuple[int, ...]) -> None:
    """Compare what must be preserved; a stdcall routine has taken its arguments off the stack."""
    taken, rest = divmod(after[0] - before[0], 4)
    if after[1:] != before[1:] or rest or not 0 <= taken <= MOST_ARGUMENTS:
        raise PathEndError("it returns with another stack or other preserved registers")
