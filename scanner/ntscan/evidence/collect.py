"""From a source to evidence: which files are there, what they are, and which system they are of."""

from collections.abc import Collection, Sequence
from datetime import UTC, timedelta

from msgspec.structs import replace

from ntscan.errors import ImageError, SourceError
from ntscan.evidence.characteristics import (
    CollectionError,
    FileItem,
    NotAnImage,
    PEMetadata,
    SystemCharacteristics,
)
from ntscan.evidence.hashed_file import read_hashed
from ntscan.evidence.image.pe_image import read_pe_image
from ntscan.evidence.installation import Place, role_of, ways_to
from ntscan.evidence.mirrors import join_mirrors
from ntscan.evidence.reading import Exists
from ntscan.evidence.settle import settle
from ntscan.evidence.survey import Survey
from ntscan.evidence.system_evidence import SystemEvidence
from ntscan.evidence.walk import holds_drivers, survey
from ntscan.evidence.wanted import Wanted
from ntscan.sources.source import Entry, Source
from ntscan.vocabulary import FileRole, ModificationTimeKind, Stage, TargetKind


def collect(source: Source, wanted: Sequence[Wanted]) -> tuple[SystemCharacteristics, ...]:
    """Collect the wanted files of an open source, each with the NT system that it belongs to.

    One SystemCharacteristics is returned for each NT system found, and a last one without a root
    for what lies outside any; never none at all.
    """
    file_names = {one.file_name for one in wanted}
    if source.kind is TargetKind.FILE:
        return (_collect_named_file(source, file_names),)
    found = survey(source, file_names)
    systems = {root: settle(source, found, root, wanted) for root in found.roots}
    found.installed = {
        place: root for root, system in systems.items() for place in system.installed
    }
    ways_in = ways_to(found.installed)
    files: dict[Place | None, list[FileItem]] = {None: []} | {root: [] for root in found.roots}
    for entry in found.files:
        role = role_of(entry.place, found.top, found.roots, found.installed)
        item = _item(source, entry, role, found, decides=found.decides(entry.place, ways_in))
        if item is not None:
            files[found.owner(entry.place)].append(item)
    errors = found.errors()
    collected = tuple(
        SystemCharacteristics(
            root=found.roots[root],
            is_nt=True,
            files=tuple(_in_utc(file, system.registry) for file in files[root]),
            errors=(*system.errors, *errors.get(root, ())),
            registry=system.registry,
            missing_images=system.missing_images,
            volume=source.volume_of(root),
        )
        for root, system in systems.items()
    )
    outside = _outside(files[None], errors[None])
    if not collected:
        is_nt = not outside.files and holds_drivers(source, found)
        return (replace(outside, is_nt=is_nt),)
    collected = join_mirrors(collected)
    return (*collected, outside) if outside.files or outside.errors else collected


def _collect_named_file(source: Source, file_names: Collection[str]) -> SystemCharacteristics:
    """Collect a file that the user names: by its own name, or by that in its version resource."""
    found = Survey()
    items = [
        _item(source, entry, FileRole.OTHER, found, decides=True)
        for entry in source.walk()
        if isinstance(entry, Entry)
    ]
    named = [
        replace(item, name=name)
        for item in items
        if item is not None and (name := _name_among(item, file_names)) is not None
    ]
    return _outside(named, found.errors()[None])


def _name_among(item: FileItem, file_names: Collection[str]) -> str | None:
    names = [item.name]
    if isinstance(item.image, PEMetadata) and item.image.version is not None:
        names.append((item.image.version.original_filename or "").lower())
    return next((name for name in names if name in file_names), None)


def _outside(files: list[FileItem], errors: list[CollectionError]) -> SystemCharacteristics:
    return SystemCharacteristics(root=None, is_nt=False, files=tuple(files), errors=tuple(errors))


def _in_utc(file: FileItem, registry: SystemEvidence) -> FileItem:
    """Bring a wall clock's time to UTC by the system's own bias, as NT itself does (Q129574)."""
    bias = registry.active_time_bias
    is_wall_clock = file.modified_kind is ModificationTimeKind.WALL_CLOCK
    if file.modified is None or not is_wall_clock or not isinstance(bias, Exists):
        return file
    modified = (file.modified + timedelta(minutes=bias.value)).replace(tzinfo=UTC)
    return replace(file, modified=modified, modified_kind=ModificationTimeKind.UTC)


def _item(
    source: Source, entry: Entry, role: FileRole, found: Survey, *, decides: bool
) -> FileItem | None:
    name = entry.place[-1]
    try:
        read = read_hashed(source, entry)
    except SourceError as error:
        found.add_fault(entry, Stage.READ, str(error), name)
        return None
    image: PEMetadata | NotAnImage
    try:
        image = read_pe_image(read.content.data)
    except ImageError as error:
        found.add_fault(entry, Stage.PE, str(error), name)
        image = NotAnImage(reason=str(error))
    return FileItem(
        path=entry.path,
        place=entry.place,
        volume=source.volume_of(entry.place),
        name=name,
        role=role,
        decides=decides,
        size=len(read.content.data),
        modified=read.content.modified,
        modified_kind=read.content.modified_kind,
        hashes=read.hashes,
        image=image,
    )
