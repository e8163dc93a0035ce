"""Starts the command line: as ``ntscan``, and as ``python -m ntscan``."""

import gc
from typing import Final

#: Objects made before the collector looks at the young ones; Python's own figure is 700. Importing
#: makes tens of thousands and no garbage, and every look at them delays the start.
_YOUNG_OBJECTS: Final = 100_000


def main() -> None:
    """Run the command line."""
    gc.set_threshold(_YOUNG_OBJECTS)
    from ntscan.cli import run  # noqa: PLC0415  imported under the threshold above

    run()


if __name__ == "__main__":
    main()
