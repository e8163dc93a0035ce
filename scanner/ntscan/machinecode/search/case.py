"""One set of inputs, and what a function did with them in every way that a request can go."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ntscan.machinecode.kernel.state import Choices
from ntscan.machinecode.origin import Origin
from ntscan.machinecode.run import Run
from ntscan.machinecode.traced import CompletionMode

#: FastIoUnlockSingle answers FALSE, and the IRP's request completes in each of the ways.
REFUSED: Final = tuple(Choices(mode=mode, fast_io_answer=False) for mode in CompletionMode)
ANSWERED: Final = Choices(mode=CompletionMode.SUCCESS, fast_io_answer=True)

#: Why the search from one function may be cut short.
SHARE_SPENT: Final = "the search from one function ended at its share of the limits"


@dataclass(slots=True)
class Case:
    """One set of inputs, run in every way; the runs by the choices of the rest of the system."""

    assignment: Mapping[Origin, int]
    runs: dict[Choices, Run] = field(default_factory=dict)
    #: The same with other answers of the routines that have no model, where there are such.
    varied: list[Run] = field(default_factory=list)
    #: Whether an IRP is freed twice only because variables of the driver's are as they are; or
    #: because of the arguments of the function.
    rests_on_variables: bool = False
    rests_on_arguments: bool = False

    @property
    def refused(self) -> list[Run]:
        """The runs in which FastIoUnlockSingle, if it is asked, answers FALSE."""
        return [self.runs[choices] for choices in REFUSED]

    @property
    def answered(self) -> Run:
        """The run in which FastIoUnlockSingle answers TRUE."""
        return self.runs[ANSWERED]

    @property
    def all_runs(self) -> list[Run]:
        """The runs in every way, and then those with other answers."""
        return [*self.refused, self.answered, *self.varied]


@dataclass(slots=True)
class Cases:
    """The cases of one function; ``doubts`` are branches that inputs decide and none turned."""

    cases: list[Case] = field(default_factory=list)
    doubts: dict[str, None] = field(default_factory=dict)
