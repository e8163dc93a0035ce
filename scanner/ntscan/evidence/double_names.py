"""Names that differ by the case of their letters alone: NT cannot tell them apart.

Only elsewhere than on NT can both be there; which of them NT would have seen, nobody knows.
"""

from ntscan.evidence.installation import CONFIG, DRIVERS, ways_to
from ntscan.evidence.survey import Survey
from ntscan.sources.source import Entry
from ntscan.vocabulary import Stage


def note_place(found: Survey, entry: Entry) -> None:
    """Remember names that differ by case alone: NT, and so this survey, cannot tell them apart."""
    other = found.places.setdefault(entry.place, entry.path)
    if other != entry.path:
        found.doubles[entry.place] = entry, other


def drop_double_names(found: Survey) -> None:
    """Take nothing for a system's own that two names could stand for; elsewhere both are shown."""
    ways = ways_to((*root, *folder, "") for root in found.roots for folder in (DRIVERS, CONFIG))
    inside = {(*root, *folder) for root in found.roots for folder in (DRIVERS, CONFIG)}
    for place, (entry, other) in found.doubles.items():
        if place not in ways and place[:-1] not in inside:
            continue
        message = f"is a name that NT cannot tell from {other}; scan each by itself"
        found.add_fault(entry, Stage.WALK, message, None)
        found.files = [file for file in found.files if file.place[: len(place)] != place]
        for root, hives in found.hives.items():
            kept = {n: h for n, h in hives.items() if h.place[: len(place)] != place}
            found.hives[root] = kept
