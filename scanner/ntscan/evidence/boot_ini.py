r"""boot.ini: which folders of its volume, and of others, Windows NT is started from.

An entry of NT is an ARC path and a folder: ``multi(0)disk(0)rdisk(0)partition(1)\WINNT="..."``.
"""

import re
from typing import Final

#: NT Loader reads a boot.ini of a few hundred bytes; no more than this is looked at.
LONGEST_BOOT_INI: Final = 16 * 1024

# Possessive, and never past the end of a line: a file full of line breaks or spaces costs no more
# time than its length.
_ENTRY: Final = re.compile(
    rb"^[ \t]*+(?:default[ \t]*+=[ \t]*+)?"
    rb"(?:multi|scsi|signature)\([0-9a-f]*+\)disk\(\d++\)rdisk\(\d++\)"
    rb"partition\(\d++\)\\([^=\r\n]++)",
    re.IGNORECASE | re.MULTILINE,
)


def system_folders(content: bytes) -> tuple[tuple[str, ...], ...]:
    r"""Return the folders that the entries name, as parts in lower case, each once."""
    paths = (match.decode("cp437").strip().lower() for match in _ENTRY.findall(content))
    folders = (tuple(part for part in path.split("\\") if part) for path in paths)
    return tuple(dict.fromkeys(folder for folder in folders if folder))
