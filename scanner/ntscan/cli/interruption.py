"""Ctrl-C and its like, held back while something is written that must be whole."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, Never

#: What asks a command to end: Ctrl-C, a service manager or batch system, a closed terminal.
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, *filter(None, [getattr(signal, "SIGHUP", None)]))


def end_at_once(number: int, _frame: FrameType | None) -> None:
    """End this process as the signal does a program that handles none."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


class Interruption:
    """Makes a KeyboardInterrupt of a signal, but not in a ``held`` block: only at its end.

    A second signal interrupts even that, since what is written to may never take it. From the
    KeyboardInterrupt on, a signal ends the process at once, as it does a program without handlers.
    """

    def __init__(self) -> None:
        self.is_over = self._is_held = self._asked = False

    def take(self, _signal: int, _frame: FrameType | None) -> None:
        """Handle a signal."""
        if self._is_held and not self._asked:
            self._asked = True
            return
        self._interrupt()

    def _interrupt(self) -> Never:
        self.is_over = True
        for number in _SIGNALS:
            signal.signal(number, end_at_once)
        raise KeyboardInterrupt

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold a first interruption back until the block has ended."""
        self._is_held = True
        try:
            yield
        finally:
            self._is_held = False
        if self._asked:
            self._interrupt()


@contextmanager
def interruption() -> Iterator[Interruption]:
    """Take the signals over while the block runs; they are given back unless one came."""
    taken = Interruption()
    before = [(number, signal.signal(number, taken.take)) for number in _SIGNALS]
    try:
        yield taken
    finally:
        if not taken.is_over:
            for number, handler in before:
                signal.signal(number, handler)
