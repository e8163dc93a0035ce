"""The near end of a fork server: starts it, asks it, ends it."""

import subprocess
import sys
from threading import Lock
from typing import IO, Final

from ntscan.auditing.fork_server import FAILURE
from ntscan.auditing.frames import read_frame, write_frame
from ntscan.auditing.limits import Limits
from ntscan.errors import EngineError, ScanFailed

#: Seconds in which a fork server ends after its standard input did.
_PATIENCE: Final = 10


class Watcher:
    """A fork server that does one kind of work; one thread asks it, and any may stop it.

    ``work`` names a function as ``module:function`` that takes ``setup`` and returns the work.
    """

    def __init__(self, work: str, setup: bytes, limits: Limits) -> None:
        # -P: nothing is imported from the folder that the audit happens to run in.
        command = [sys.executable, "-P", "-m", "ntscan.auditing.fork_server"]
        command += [work, repr(limits.seconds), str(limits.memory)]
        self._process = subprocess.Popen(  # noqa: S603  this very program
            command,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Ctrl-C, or a terminal that closes, reaches the audit alone, which then ends this.
            start_new_session=True,
        )
        self._writing, self._reading = Lock(), Lock()
        try:
            self.ask(setup)
        except BaseException:
            self.stop()
            raise

    def ask(self, payload: bytes) -> bytes:
        """Have the work done in a child of its own.

        Raises ScanFailed with the reason where there is no result, and EngineError where the fork
        server itself is gone.
        """
        try:
            with self._writing:
                write_frame(_open(self._process.stdin).fileno(), payload)
            with self._reading:
                reply = read_frame(_open(self._process.stdout).fileno())
        except (OSError, ValueError) as error:  # ValueError: another thread has stopped it
            raise EngineError(f"the process that watches the scan is gone: {error}") from error
        if not reply:
            raise EngineError(
                "the process that watches the scan ended unasked, as where the system kills it; "
                "scan the target again"
            )
        if reply[:1] == FAILURE:
            raise ScanFailed(reply[1:].decode("utf-8", "surrogateescape"))
        return reply[1:]

    def stop(self) -> None:
        """End the fork server, and with it the child that it watches."""
        with self._writing:
            _open(self._process.stdin).close()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        with self._reading:
            _open(self._process.stdout).close()


def _open(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise EngineError("the process that watches the scan has no pipes")
    return pipe
