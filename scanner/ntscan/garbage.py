"""How often Python looks for garbage in a process that makes many objects and hardly any garbage.

It is imported before everything else, so that it imports nothing itself.
"""

from typing import Final

#: Objects made before the collector looks at the young ones; Python's own figure is 700. Importing
#: makes tens of thousands and no garbage, and every look at them delays the start.
YOUNG_OBJECTS: Final = 100_000
