"""What one walk over a source met: the types that walk.py fills and collect.py reads."""

from collections.abc import Collection
from dataclasses import dataclass, field

from msgspec import Struct

from ntscan.evidence.characteristics import CollectionError
from ntscan.evidence.installation import CONFIG, DRIVERS, Place, is_hive, ways_to
from ntscan.sources.source import Blocked, Entry
from ntscan.vocabulary import Stage


class Fault(Struct, frozen=True, kw_only=True):
    """A place that could not be read, and why; ``file_name`` is what a rule looks for there.

    ``leads_on`` says that other files could be found beyond it.
    """

    path: str
    place: Place
    stage: Stage
    message: str
    file_name: str | None
    leads_on: bool


@dataclass(slots=True)
class Survey:
    """What a walk met, before any file was read.

    ``top`` is the place of what was scanned, ``roots`` are system roots with their paths, ``hives``
    their hives by name, ``drivers`` the .sys files that no rule names, by folder, ``doubles`` names
    at a place that another has already, with the path of the other. ``installed`` are the places of
    installed drivers with their roots, known once the hives were read. ``volumes`` are the roots of
    the source's volumes, where it has any.
    """

    top: Place = ()
    files: list[Entry] = field(default_factory=list)
    folders: dict[Place, str] = field(default_factory=dict)
    roots: dict[Place, str] = field(default_factory=dict)
    hives: dict[Place, dict[str, Entry]] = field(default_factory=dict)
    boot_files: list[Entry] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    drivers: dict[Place, list[Entry]] = field(default_factory=dict)
    places: dict[Place, str] = field(default_factory=dict)
    doubles: dict[Place, tuple[Entry, str]] = field(default_factory=dict)
    installed: dict[Place, Place] = field(default_factory=dict)
    volumes: frozenset[Place] = frozenset()

    def owner(self, place: Place) -> Place | None:
        """Return the system root that a place lies below, or whose installed driver it is."""
        if place in self.installed:
            return self.installed[place]
        above = (place[:length] for length in range(len(place), -1, -1))
        return next((root for root in above if root in self.roots), None)

    def add_fault(
        self, entry: Entry | Blocked, stage: Stage, message: str, file_name: str | None
    ) -> None:
        """Record a place that could not be read."""
        self.faults.append(
            Fault(
                path=entry.path,
                place=entry.place,
                stage=stage,
                message=message,
                file_name=file_name,
                leads_on=isinstance(entry, Entry) or entry.leads_on,
            )
        )

    def decides(self, place: Place, ways_in: Collection[Place]) -> bool:
        """Say whether a place speaks for a system: its driver, its hives, or a folder on the way.

        Outside any system, every place does.
        """
        if not self.roots or place in self.installed or place in ways_in:
            return True
        hive_folder = place[:-1] if is_hive(place) else place
        return hive_folder[-2:] == CONFIG and hive_folder[:-2] in self.roots

    def _is_decisive(self, fault: Fault, ways_in: Collection[Place]) -> bool:
        if fault.stage is Stage.VOLUME or (fault.stage is Stage.OPEN and not fault.leads_on):
            return fault.leads_on
        return self._may_hide_a_system(fault) or self.decides(fault.place, ways_in)

    def _may_hide_a_system(self, fault: Fault) -> bool:
        r"""Say whether a whole system could be where a fault is: NT's disks hold several.

        It could in a volume's root, in a folder of that, in a ``system32`` there, in a ``config``
        or ``drivers`` that was looked for, and wherever an unread boot.ini leads to.
        """
        volume = next((root for root in self.volumes if fault.place[: len(root)] == root), None)
        if volume is None or not fault.leads_on:
            return False
        below = fault.place[len(volume) :]
        is_root = below[1:] in ((), ("system32",)) and fault.file_name is None
        return is_root or below[-2:] in (DRIVERS, CONFIG) or below == ("boot.ini",)

    def _missed(self, fault: Fault, ways_in: Collection[Place]) -> str | None:
        """Name what a fault may hide: what lies beside a system's own hides none of its files."""
        if not self.roots:
            return fault.file_name
        if fault.stage is Stage.VOLUME:
            return "volume"
        is_beside = fault.place not in ways_in and self.owner(fault.place) is None
        return "system" if is_beside and self._may_hide_a_system(fault) else fault.file_name

    def errors(self) -> dict[Place | None, list[CollectionError]]:
        """Return what could not be read, by the system root that it lies below or ``None``."""
        ways_in = ways_to(self.installed)
        errors: dict[Place | None, list[CollectionError]] = {None: []}
        for fault in self.faults:
            error = CollectionError(
                path=fault.path,
                stage=fault.stage,
                message=fault.message,
                file_name=self._missed(fault, ways_in),
                decides=self._is_decisive(fault, ways_in),
            )
            errors.setdefault(self.owner(fault.place), []).append(error)
        return errors
