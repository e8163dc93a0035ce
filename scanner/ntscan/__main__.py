"""Starts the command line: as ``ntscan``, and as ``python -m ntscan``."""

import gc
import sys
from typing import Final

from ntscan.garbage import YOUNG_OBJECTS

#: What a shell says of a program that Ctrl-C ended.
_INTERRUPTED: Final = 128 + 2


def main() -> None:
    """Run the command line."""
    gc.set_threshold(YOUNG_OBJECTS)
    try:
        from ntscan.cli import run  # noqa: PLC0415  imported under the threshold above

        run()
    except KeyboardInterrupt:  # Before there was anything to end in order.
        sys.exit(_INTERRUPTED)
    finally:
        # Python looks for garbage once more before it ends; all that is left goes with the process.
        gc.freeze()


if __name__ == "__main__":
    main()
