r"""From the hives of one NT system, as far as they were found, to what they say."""

from collections.abc import Collection, Mapping
from contextlib import ExitStack
from typing import BinaryIO, Final

from ntscan.errors import SourceError
from ntscan.evidence.reading import NOT_COLLECTED, CollectionFailed, Exists, Reading
from ntscan.evidence.system_evidence import NO_HIVES, SystemEvidence
from ntscan.sources.source import Entry, Source

#: The hives that are read, by the names of their files in ``system32\config`` in lower case.
HIVES: Final = ("system", "software")


def read_hives(
    source: Source, hives: Mapping[str, Entry], service_names: Collection[str]
) -> SystemEvidence:
    """Read what the hives say; without any, nothing was collected, and that is no error."""
    if not hives:
        return NO_HIVES
    # libregf takes longer to import than a folder without hives takes to scan.
    from ntscan.evidence.registry.system import collect_system  # noqa: PLC0415

    with ExitStack() as opened:
        readings = {name: _open(source, hives.get(name), opened) for name in HIVES}
        return collect_system(
            system=readings["system"], software=readings["software"], service_names=service_names
        )


def _open(source: Source, hive: Entry | None, opened: ExitStack) -> Reading[BinaryIO]:
    if hive is None:
        return NOT_COLLECTED
    try:
        return Exists(value=opened.enter_context(source.open(hive)))
    except SourceError as error:
        return CollectionFailed(message=f"the hive {hive.place[-1].upper()} {error}")
