"""From the paths that the user named to what is scanned: images, NT trees, driver files."""

import os
from collections.abc import Collection, Iterable, Iterator

from msgspec import Struct

from ntscan.auditing.job import Target
from ntscan.auditing.nt_tree import (
    holds_system32,
    is_inside_a_tree,
    is_started_from,
    is_volume,
    list_folder,
)
from ntscan.errors import SourceError
from ntscan.reporting.harmless import harmless
from ntscan.sources.image_files import image_of
from ntscan.vocabulary import TargetKind


class Unreachable(Struct, frozen=True, kw_only=True):
    """A place that could hold a target and cannot be looked into, and why."""

    target: Target
    reason: str


class Plan(Struct, frozen=True, kw_only=True):
    """What an audit scans, each thing once and in a repeatable order.

    ``left_out`` counts the files that are no target, ``links`` the symbolic links, which are not
    followed below a folder.
    """

    targets: tuple[Target, ...]
    unreachable: tuple[Unreachable, ...]
    left_out: int
    links: int

    def all(self) -> Iterator[Target]:
        """Yield each target, whether it can be reached or not."""
        yield from self.targets
        yield from (place.target for place in self.unreachable)


def find_targets(paths: Iterable[str], file_names: Collection[str]) -> Plan:
    """Find what is to be scanned below the paths; ``file_names`` are those that rules name.

    A path is a target itself where it is a file, an NT tree, not there at all, or a folder in
    which nothing else is found. Below a folder that is searched, a target is an NT tree, a disk
    image (of a split one the first part) or a file that a rule names. A tree is scanned as one, and
    not searched for images in folders of its system root, nor of a volume that NT starts from.
    """
    search = _Search(file_names)
    for path in paths:
        search.look_at(path)
    return search.plan()


class _Search:
    def __init__(self, file_names: Collection[str]) -> None:
        self._file_names = frozenset(name.lower() for name in file_names)
        self._real: set[str] = set()
        self._found: dict[str, Target | Unreachable] = {}
        self._met = self._left_out = self._links = 0

    def plan(self) -> Plan:
        """Return what was found so far."""
        found = self._found.values()
        return Plan(
            targets=tuple(one for one in found if isinstance(one, Target)),
            unreachable=tuple(one for one in found if isinstance(one, Unreachable)),
            left_out=self._left_out,
            links=self._links,
        )

    def look_at(self, path: str) -> None:
        """Take a path that the user named."""
        if not os.path.isdir(path):  # noqa: PTH112  Path.is_dir raises on a NUL or what is above
            self._take_named_file(path)
            return
        met = self._met
        if not is_inside_a_tree(path):
            self._search(path)
        if self._met == met:
            self._add(path, TargetKind.DIRECTORY)

    def _take_named_file(self, path: str) -> None:
        try:
            image = image_of(path)
        except SourceError:
            image = None  # Its scan says why.
        if image is not None:
            self._add(image, TargetKind.DISK_IMAGE)
        else:
            self._add(path, TargetKind.FILE)

    def _search(self, top: str) -> None:
        waiting = [(top, False)]
        while waiting:
            folder, in_tree = waiting.pop()
            try:
                listing = list_folder(folder)
            except OSError as error:
                reason = f"cannot be listed: {error.strerror}; make it readable and audit it again"
                self._fail(folder, TargetKind.DIRECTORY, reason)
                continue
            is_root = holds_system32(listing)
            if not in_tree:
                in_tree = is_root or is_volume(listing)
                if in_tree:
                    self._add(folder, TargetKind.DIRECTORY)
                else:
                    self._links += listing.links
                    self._left_out += listing.others
            for name in listing.files:
                self._take_found_file(os.path.join(folder, name), in_tree=in_tree)  # noqa: PTH118  as given
            if not is_root and not (in_tree and is_started_from(listing)):
                folders = (os.path.join(folder, name) for name in reversed(listing.folders))  # noqa: PTH118
                waiting += [(below, in_tree) for below in folders]

    def _take_found_file(self, path: str, *, in_tree: bool) -> None:
        """Take a disk image, even inside a tree; of other files those that a rule names."""
        try:
            image = image_of(path)
        except SourceError as error:
            self._fail(path, TargetKind.FILE, str(error))
            return
        if image is not None:
            self._add(image, TargetKind.DISK_IMAGE)
        elif not in_tree and os.path.basename(path).lower() in self._file_names:  # noqa: PTH119
            self._add(path, TargetKind.FILE)
        elif not in_tree:
            self._left_out += 1

    def _add(self, path: str, kind: TargetKind) -> None:
        self._met += 1
        real = os.path.realpath(path) if "\0" not in path else path
        if real in self._real:
            return
        self._real.add(real)
        shown = harmless(path)
        target = Target(path=path, kind=kind)
        if shown in self._found:  # A line says which target it is of by the name that is shown.
            reason = "another target's name reads the same where it is shown; rename one of them"
            self._found[shown] = Unreachable(target=target, reason=reason)
        else:
            self._found[shown] = target

    def _fail(self, path: str, kind: TargetKind, reason: str) -> None:
        self._met += 1
        target = Target(path=path, kind=kind)
        self._found.setdefault(harmless(path), Unreachable(target=target, reason=reason))
