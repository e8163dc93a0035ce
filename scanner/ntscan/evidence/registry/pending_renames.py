"""What an NT 4.0 system will move or delete when it starts the next time."""

from itertools import zip_longest

from ntscan.evidence.reading import Exists, Reading
from ntscan.evidence.registry.key import RegistryKey
from ntscan.evidence.registry.lookup import texts
from ntscan.evidence.system_evidence import PendingRename


def pending_renames(session_manager: Reading[RegistryKey]) -> Reading[tuple[PendingRename, ...]]:
    """Read PendingFileRenameOperations: pairs of source and destination (MoveFileEx)."""
    paths = texts(session_manager, "PendingFileRenameOperations")
    if not isinstance(paths, Exists):
        return paths
    plain = [path.removeprefix("!").removeprefix("\\??\\") for path in paths.value]
    pairs = zip_longest(plain[::2], plain[1::2], fillvalue="")
    return Exists(
        value=tuple(
            PendingRename(source=source, destination=destination or None)
            for source, destination in pairs
        )
    )
