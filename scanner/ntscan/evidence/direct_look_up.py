r"""Where an NT system can stand on a disk, asked of the source place by place instead of walked.

A system root is a folder that boot.ini names, on whichever volume it lies, or a volume's root or a
folder in it with a ``system32\config`` or ``system32\drivers`` in it.
"""

from collections.abc import Collection, Iterator

from ntscan.errors import SourceError
from ntscan.evidence.boot_ini import LONGEST_BOOT_INI, system_folders
from ntscan.evidence.installation import CONFIG, DRIVERS, Place, is_hive
from ntscan.sources.source import Blocked, DirectSource, Entry

_BOOT_INI = "boot.ini"


def look_up_systems(source: DirectSource, file_names: Collection[str]) -> Iterator[Entry | Blocked]:
    """Yield what a walk would of the volumes' roots and of the folders where systems keep things.

    A folder is yielded only where everything directly in it is, or where it bears the name of a
    file that is looked for.
    """
    volumes = list(source.volumes())
    roots = [volume for volume in volumes if isinstance(volume, Entry)]
    yield from (volume for volume in volumes if isinstance(volume, Blocked))
    tops: dict[Place, list[Entry]] = {}
    named: list[Place] = []
    for root in roots:
        tops[root.place] = []
        for found in source.list_folder(root.place):
            if isinstance(found, Entry) and found.is_folder and found.place != root.place:
                tops[root.place].append(found)
                continue
            yield found
            if isinstance(found, Entry) and found.place == (*root.place, _BOOT_INI):
                named += _named_folders(source, found)
    for root in roots:
        places = [root.place, *(top.place for top in tops[root.place])]
        places += [(*root.place, *folder) for folder in named]
        for place in dict.fromkeys(places):
            for below in (CONFIG, DRIVERS):
                yield from look_into(source, (*place, *below), file_names)


def look_into(
    source: DirectSource, folder: Place, file_names: Collection[str]
) -> Iterator[Entry | Blocked]:
    """Yield a folder and the files directly in it, but no folder that was not looked into itself.

    One that bears the name of a file that is looked for is yielded all the same.
    """
    for found in source.list_folder(folder):
        is_deeper = isinstance(found, Entry) and found.is_folder and found.place != folder
        if not is_deeper or found.place[-1] in file_names or is_hive(found.place):
            yield found


def _named_folders(source: DirectSource, boot_ini: Entry) -> tuple[Place, ...]:
    try:
        return system_folders(source.read_head(boot_ini, LONGEST_BOOT_INI))
    except SourceError:
        return ()  # The survey reads it too, and says so.
