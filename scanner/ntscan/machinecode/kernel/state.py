"""The state of the modelled kernel in one run, and how it calls back into the driver."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Protocol

from msgspec import Struct

from ntscan.drivermodel.layouts import Layouts
from ntscan.machinecode.address_map import RETURN_ADDRESSES
from ntscan.machinecode.address_space import AddressSpace
from ntscan.machinecode.blocks import Block
from ntscan.machinecode.kernel.asked import AskedChoices
from ntscan.machinecode.kernel.request import Request
from ntscan.machinecode.origin import Origin, answer_of
from ntscan.machinecode.processor import Processor
from ntscan.machinecode.traced import CompletionMode, FreedBy

#: NT 4.0's kernel stack has 12 KB; nested calls beyond this many are no driver's.
_DEEPEST: Final = 12


class PathEndError(Exception):
    """A path that cannot be followed further, with the reason; it never leaves this package."""


class PathExhaustedError(PathEndError):
    """A path that goes on and on."""


class Choices(Struct, frozen=True, kw_only=True):
    """What the rest of the system does in a run: how requests complete, what Fast I/O answers."""

    mode: CompletionMode
    fast_io_answer: bool


class Deferred(Struct, frozen=True, kw_only=True):
    """A routine of the driver that the kernel calls later, and with what.

    ``of`` is the timer that calls it.
    """

    routine: int
    arguments: tuple[int, ...]
    what: str
    of: int | None = None


class RunsCode(Protocol):
    """What lets the processor run, answering calls, until control reaches an address."""

    def __call__(self, until: int) -> None:
        """Run; raises PathEndError where the path cannot be followed."""


class Kernel:
    """What the kernel knows in one run."""

    def __init__(
        self, processor: Processor, memory: AddressSpace, layouts: Layouts, choices: Choices
    ) -> None:
        self.processor = processor
        self.memory = memory
        self.layouts = layouts
        self.choices = AskedChoices(choices.mode, choices.fast_io_answer)
        self.run_until: RunsCode
        #: Counts work that the model does in the driver's stead, in instructions.
        self.spend: Callable[[int], None] = lambda _instructions: None
        #: ``sending.complete``: the parts of the model that wait call it.
        self.complete: Callable[[Request, int], None]
        #: How often the processor has stopped, for whatever reason.
        self.stops = 0
        self.requests: dict[int, Request] = {}
        self.deferred: deque[Deferred] = deque()
        self.outstanding: list[Request] = []
        self.fast_io_answers: list[bool] = []
        self.unmodelled: list[str] = []
        #: What the rest of the system decides, and hardly ever otherwise than by default.
        self.unusual: set[Origin] = set()
        #: What the rest of the system decides and acts on; the driver need not compare it.
        self.acted_on: set[Origin] = set()
        #: The RVAs of the calls of imported routines that were made.
        self.calls: set[int] = set()
        #: What keeps a run from being called clean, each a sentence.
        self.doubts: list[str] = []
        self.on_allocation: Callable[[int], None] = lambda _at: None
        self._part = [FreedBy.CALLER]
        self._answers: dict[str, int] = {}
        memory.on_freed = self._note_use_after_free

    @property
    def part(self) -> FreedBy:
        """In what part of a request's life the driver is running."""
        return self._part[-1]

    @contextmanager
    def running(self, part: FreedBy) -> Iterator[None]:
        """Say what part of a request's life the driver runs in."""
        self._part.append(part)
        try:
            yield
        finally:
            self._part.pop()

    def rva(self, address: int) -> int:
        """Turn an address in the image into its RVA."""
        return address - self.memory.image.base

    def request(self, address: int) -> Request | None:
        """Return the IRP of this run at an address; ``None`` for one that came from elsewhere."""
        return self.requests.get(address)

    def call(self, routine: int, arguments: Sequence[int], part: FreedBy, what: str) -> int:
        """Call a routine of the driver and give its result; registers are as before afterwards.

        Raises PathEndError where the routine is not in the image, or does not return cleanly.
        """
        if not self.memory.is_code(routine):
            raise PathEndError(f"{what} is not in the image (0x{routine:08x})")
        if len(self._part) > _DEEPEST:
            raise PathEndError(f"calls are nested more than {_DEEPEST} deep at {what}")
        processor = self.processor
        saved = processor.save()
        before = processor.preserved()
        until = RETURN_ADDRESSES + 0x10 * len(self._part)
        processor.start_call(routine, arguments, until)
        with self.running(part):
            self.run_until(until)
        result = processor.result()
        if processor.preserved() != before:
            raise PathEndError(f"{what} returns with another stack or other preserved registers")
        processor.restore(saved)
        return result

    def unknown_answer(self, name: str) -> int:
        """Give what an unmodelled routine returns: a value of its own for each call of it."""
        return self.memory.given(answer_of(name, self._count(name)))

    def decided(
        self, name: str, default: int, *, unusual: bool = False, acted_on: bool = False
    ) -> int:
        """Give what the rest of the system decides: the default, unless an input says otherwise.

        ``unusual`` says that anything else is hardly met where an unlock is asked for; ``acted_on``
        that more than an answer comes of it.
        """
        number = self._count(name)
        origin = Origin(name if number == 1 else f"{name}#{number}")
        if unusual:
            self.unusual.add(origin)
        if acted_on:
            self.acted_on.add(origin)
        return self.memory.given(origin, default)

    def doubt(self, sentence: str) -> None:
        """Note what keeps the run from being clean; each is kept once."""
        if sentence not in self.doubts:
            self.doubts.append(sentence)

    def note_unmodelled(self, name: str) -> None:
        """Note a routine that is answered without a model of what it does."""
        if name not in self.unmodelled:
            self.unmodelled.append(name)

    def _count(self, name: str) -> int:
        """Count the answers of a name; the first is 1."""
        number = self._answers[name] = self._answers.get(name, 0) + 1
        return number

    def _note_use_after_free(self, _block: Block) -> None:
        self.doubt("an IRP is used after it was freed")
