"""What a run asks of the rest of the system: where it asks nothing, any answer is the same run."""

from typing import TypeAlias

from ntscan.machinecode.traced import CompletionMode

#: How requests complete and what Fast I/O answers; ``None`` for what was not asked.
Asked: TypeAlias = tuple[CompletionMode | None, bool | None]


class AskedChoices:
    """The choices of a run, and which of them the run has asked for."""

    def __init__(self, mode: CompletionMode, fast_io_answer: bool) -> None:
        self._mode = mode
        self._fast_io_answer = fast_io_answer
        self._asked_mode: CompletionMode | None = None
        self._asked_answer: bool | None = None

    @property
    def mode(self) -> CompletionMode:
        """How requests complete."""
        self._asked_mode = self._mode
        return self._mode

    @property
    def fast_io_answer(self) -> bool:
        """What Fast I/O answers."""
        self._asked_answer = self._fast_io_answer
        return self._fast_io_answer

    @property
    def asked(self) -> Asked:
        """What has been asked for so far."""
        return self._asked_mode, self._asked_answer
