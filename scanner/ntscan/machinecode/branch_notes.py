"""The branch hook of a run: notes each branch, and forces it where the course says so."""

from typing import Final

from ntscan.machinecode.endless import EndlessLoops
from ntscan.machinecode.kernel.state import Kernel
from ntscan.machinecode.run import Branch, Course, Run

_MOST_BRANCHES: Final = 3_000


class DivergedError(Exception):
    """A run has left the path that it was to follow, or come to its end; it never leaves here."""


class BranchNotes:
    """Asked at each branch: notes it, and forces it where that is wanted."""

    def __init__(
        self,
        kernel: Kernel,
        run: Run,
        course: Course,
    ) -> None:
        self._kernel = kernel
        self._processor = kernel.processor
        self._memory = kernel.memory
        self._run = run
        self._forced = course.forced
        self._follow = course.follow
        self._stop_at = len(course.follow) - 1 if course.only_follow else None
        self._endless = EndlessLoops(kernel)
        #: The branches before this number may still be steered.
        self._unsteered = max(len(course.follow), max(course.forced, default=-1) + 1)

    def __call__(self, address: int, natural: bool) -> bool:
        """Answer where a branch goes.

        Raises DivergedError where the run need go no further, and PathExhaustedError where it would
        go on and on.
        """
        run = self._run
        number = len(run.branches)
        if number >= _MOST_BRANCHES:
            self._kernel.doubt(f"more than {_MOST_BRANCHES:,} branches are met on one path")
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
                touches=len(self._memory.inputs.touches),
            )
        )
        if number < len(self._follow) and self._follow[number] != (address, taken):
            raise DivergedError
        if number == self._stop_at:
            raise DivergedError
        if number >= self._unsteered:
            self._endless.refuse(address, number)
        return taken
