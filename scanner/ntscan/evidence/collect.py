"""From a source to evidence: which files are there, what they are, and which system they are of."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from ntscan.errors import ImageError, SourceError
from ntscan.evidence.characteristics import (
    CollectionError,
    FileItem,
    Hashes,
    NotAnImage,
    PEMetadata,
    SystemCharacteristics,
)
from ntscan.evidence.installation import Place, role_of, ways_to
from ntscan.evidence.pe_image import read_pe_image
from ntscan.evidence.settle import settle
from ntscan.evidence.survey import Survey, holds_drivers, survey
from ntscan.evidence.wanted import Wanted
from ntscan.sources.source import Entry, Source
from ntscan.vocabulary import FileRole, Stage, TargetKind

#: No driver of Windows NT 4.0 is as large as this many bytes; a larger file is not read.
LARGEST_DRIVER: Final = 16 * 1024 * 1024


def collect(source: Source, wanted: Sequence[Wanted]) -> tuple[SystemCharacteristics, ...]:
    """Collect the wanted files, each with the NT system that it belongs to.

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
        role = role_of(entry.place, found.roots, found.installed)
        item = _item(source, entry, role, found, decides=found.decides(entry.place, ways_in))
        if item is not None:
            files[found.owner(entry.place)].append(item)
    errors = found.errors()
    collected = tuple(
        SystemCharacteristics(
            root=found.roots[root],
            is_nt=True,
            files=tuple(files[root]),
            errors=(*system.errors, *errors.get(root, ())),
            registry=system.registry,
            missing_images=system.missing_images,
        )
        for root, system in systems.items()
    )
    outside = _outside(files[None], errors[None])
    if not collected:
        is_nt = not outside.files and holds_drivers(source, found)
        return (replace(outside, is_nt=is_nt),)
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


def _item(
    source: Source, entry: Entry, role: FileRole, found: Survey, *, decides: bool
) -> FileItem | None:
    name = entry.place[-1]
    try:
        content = source.read(entry, LARGEST_DRIVER)
    except SourceError as error:
        found.add_fault(entry, Stage.READ, str(error), name)
        return None
    image: PEMetadata | NotAnImage
    try:
        image = read_pe_image(content.data)
    except ImageError as error:
        found.add_fault(entry, Stage.PE, str(error), name)
        image = NotAnImage(reason=str(error))
    return FileItem(
        path=entry.path,
        name=name,
        role=role,
        decides=decides,
        size=len(content.data),
        modified=content.modified,
        modified_kind=content.modified_kind,
        hashes=_hashes(content.data),
        image=image,
    )


def _hashes(data: bytes) -> Hashes:
    # MD5 and SHA-1 are how other tools and hash sets know a file; nothing here trusts them.
    return Hashes(
        md5=hashlib.md5(data, usedforsecurity=False).hexdigest(),
        sha1=hashlib.sha1(data, usedforsecurity=False).hexdigest(),
        sha256=hashlib.sha256(data).hexdigest(),
    )
