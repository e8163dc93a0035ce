r"""boot.ini: which folders of its volume, and of others, Windows NT is started from.

An entry of NT is an ARC path and a folder: ``multi(0)disk(0)rdisk(0)partition(1)\WINNT="..."``.
"""

import re
from typing import Final

#: NT Loader reads a boot.ini of a few hundred bytes; no more than this is looked at.
LONGEST_BOOT_INI: Final = 16 * 1024

# Looked for wherever it stands, and whatever stands before it: a folder that is named and is not
# there costs one look. Possessive, so that a file full of spaces costs no more than its length.
_ENTRY: Final = re.compile(
    rb"\b(?:multi|scsi|signature|eisa)\([0-9a-f]*+\)[ \t]*+disk\(\d++\)[ \t]*+rdisk\(\d++\)[ \t]*+"
    rb"partition\(\d++\)[ \t]*+\\([^=\r\n\"/]++)",
    re.IGNORECASE,
)


def system_folders(content: bytes) -> tuple[tuple[str, ...], ...]:
    r"""Return the folders that the entries name, as parts in lower case, each once."""
    text = content.replace(b"\0", b"")  # An editor may have saved it as UTF-16.
    paths = (match.decode("cp437").strip().lower() for match in _ENTRY.findall(text))
    folders = (tuple(part for part in path.split("\\") if part) for path in paths)
    return tuple(dict.fromkeys(folder for folder in folders if folder))
