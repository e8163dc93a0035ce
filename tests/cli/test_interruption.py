"""Ctrl-C and its like, held back while something is written that must be whole."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from ntscan.cli.interruption import interruption

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(autouse=True)
def handlers_of_others() -> Iterator[None]:
    """What pytest does with the signals is kept."""
    before = [(number, signal.getsignal(number)) for number in SIGNALS]
    yield
    for number, handler in before:
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_an_interruption_waits_for_the_end_of_a_held_block(number: int) -> None:
    """What is being written is written whole, and then the command ends."""
    done: list[str] = []

    def write() -> None:
        with signals.held():
            os.kill(os.getpid(), number)
            done.append("written")
        done.append("went on")

    with interruption() as signals, pytest.raises(KeyboardInterrupt):
        write()
    assert done == ["written"]


@pytest.mark.parametrize("number", SIGNALS)
def test_outside_of_a_held_block_it_comes_at_once(number: int) -> None:
    """As Python does it for Ctrl-C, and here for the others too."""
    with interruption(), pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), number)


def test_a_second_signal_does_not_wait() -> None:
    """Who writes into a pipe that nobody reads can still be ended."""

    def write() -> None:
        with signals.held():
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
            raise AssertionError("went on")

    with interruption() as signals, pytest.raises(KeyboardInterrupt):
        write()


@pytest.mark.parametrize("number", SIGNALS)
def test_after_an_interruption_a_signal_ends_the_process(number: int) -> None:
    """Who asks again while the command ends in order does not wait, and sees no stack trace."""
    program = (
        "import os, signal, time\n"
        "from ntscan.cli.interruption import interruption\n"
        "try:\n"
        "    with interruption():\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "except KeyboardInterrupt:\n"
        f"    os.kill(os.getpid(), {number})\n"
        "    time.sleep(60)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (-number, b"")


def test_the_signals_are_given_back() -> None:
    """After the block they do what they did before."""
    before = [signal.getsignal(number) for number in SIGNALS]
    with interruption():
        assert [signal.getsignal(number) for number in SIGNALS] != before
    assert [signal.getsignal(number) for number in SIGNALS] == before
