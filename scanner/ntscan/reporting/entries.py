"""From evidence and findings to the report's entries; here scanned text is made harmless."""

from collections.abc import Iterator
from typing import TypeVar

from msgspec.structs import replace

from ntscan.evaluation.finding import Criterion, Finding
from ntscan.evidence.characteristics import (
    CollectionError,
    FileItem,
    PEMetadata,
    SystemCharacteristics,
)
from ntscan.evidence.reading import Exists, Reading
from ntscan.evidence.system_evidence import SystemEvidence
from ntscan.reporting.harmless import harmless, shown
from ntscan.reporting.report import (
    DemonstrationEntry,
    ErrorEntry,
    FileEntry,
    FindingEntry,
    ImageEntry,
    PEEntry,
    ServiceEntry,
    SystemEntry,
    VolumeEntry,
)
from ntscan.sources.description import ImageDescription, VolumeDescription
from ntscan.vocabulary import Anomaly

T = TypeVar("T")


def error_entry(error: CollectionError) -> ErrorEntry:
    """Report a place that could not be read."""
    return ErrorEntry(path=harmless(error.path), stage=error.stage, message=harmless(error.message))


def system_entry(system: SystemCharacteristics, root: str) -> SystemEntry:
    """Report an NT system; ``root`` is its system root."""
    registry = system.registry
    stated: dict[str, Reading[object]] = {
        "product": registry.product,
        "service_pack": registry.service_pack,
    }
    name = _value(registry.computer_name)
    return SystemEntry(
        root=harmless(root),
        volume=None if system.volume is None else _volume_entry(system.volume),
        computer_name=None if name is None else shown(name),
        product=_value(registry.product),
        service_pack=_value(registry.service_pack),
        build=_value(registry.build),
        hotfixes=_all_harmless(_value(registry.hotfix_keys)),
        services=_services(registry),
        overridden=tuple(
            name
            for name, reading in stated.items()
            if isinstance(reading, Exists) and reading.stated_by_user
        ),
        anomalies=tuple(_system_anomalies(system)),
    )


def image_entry(image: ImageDescription | None) -> ImageEntry | None:
    """Report a disk image, where the target is one."""
    if image is None:
        return None
    return ImageEntry(
        format=image.format,
        size=image.size,
        files=tuple(harmless(file) for file in image.files),
        hashes=image.hashes,
        volumes=tuple(_volume_entry(volume) for volume in image.volumes),
        note=None if image.note is None else harmless(image.note),
    )


def _system_anomalies(system: SystemCharacteristics) -> Iterator[Anomaly]:
    if system.registry.dirty_hives:
        yield Anomaly.DIRTY_HIVE
    mirror = system.volume.mirror if system.volume is not None else None
    if mirror is not None and mirror.agrees is False:
        yield Anomaly.MIRROR_HALVES_DIFFER


def _volume_entry(volume: VolumeDescription) -> VolumeEntry:
    return VolumeEntry(
        partition=volume.partition,
        offset=volume.offset,
        type=volume.type,
        filesystem=volume.filesystem,
        letter=volume.letter,
        mirror=volume.mirror,
    )


def _services(registry: SystemEvidence) -> dict[str, ServiceEntry] | None:
    if not isinstance(registry.services, Exists):
        return None
    dependents = _value(registry.dependents) or ()
    return {
        harmless(service.name): ServiceEntry(
            start=_value(service.start),
            image_path=_shown(_value(service.image_path)),
            depends_on=_all_harmless(_value(service.depends_on)),
        )
        for service in (*registry.services.value, *dependents)
    }


def _value(reading: Reading[T]) -> T | None:
    return reading.value if isinstance(reading, Exists) else None


def _all_harmless(texts: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if texts is None else tuple(shown(text) for text in texts)


def finding_entry(
    finding: Finding,
    system: int | None,
    demonstrations: tuple[DemonstrationEntry, ...],
    note: str,
) -> FindingEntry:
    """Report a finding with its demonstrations; ``note`` says which was chosen, or why none."""
    return FindingEntry(
        rule_id=finding.rule_id,
        system=system,
        status=finding.status,
        justification=finding.justification,
        reason=harmless(finding.reason),
        build=finding.build,
        fulfilled_by=None,
        decides=finding.decides,
        files=tuple(_file_entry(file) for file in finding.files),
        criteria=tuple(_criterion(criterion) for criterion in finding.criteria),
        anomalies=finding.anomalies,
        exposure=finding.exposure,
        remediation="\n".join(harmless(line) for line in finding.remediation.split("\n")),
        demonstrations=demonstrations,
        demonstrations_note=note,
    )


def _file_entry(file: FileItem) -> FileEntry:
    return FileEntry(
        path=harmless(file.path),
        volume=None if file.volume is None else _volume_entry(file.volume),
        role=file.role,
        size=file.size,
        mtime=file.modified,
        mtime_kind=file.modified_kind,
        sha256=file.hashes.sha256,
        sha1=file.hashes.sha1,
        md5=file.hashes.md5,
        pe=_pe_entry(file.image) if isinstance(file.image, PEMetadata) else None,
    )


def _pe_entry(image: PEMetadata) -> PEEntry:
    version = image.version
    languages = ", ".join(f"0x{code:04x}" for code in version.languages) if version else ""
    return PEEntry(
        machine=image.machine,
        time_date_stamp=image.time_date_stamp,
        checksum=image.stored_checksum,
        computed_checksum=image.computed_checksum,
        checksum_valid=image.checksum_valid,
        subsystem=image.subsystem,
        size_of_image=image.size_of_image,
        file_version=version.file_version if version else None,
        file_version_string=_shown(version.file_version_string) if version else None,
        product_version=version.product_version if version else None,
        product_version_string=_shown(version.product_version_string) if version else None,
        original_filename=_shown(version.original_filename) if version else None,
        language=languages or None,
        kernel_imports=image.kernel_imports,
        debug_file_name=_shown(image.debug_file_name),
    )


def _criterion(criterion: Criterion) -> Criterion:
    observed, explanation = criterion.observed, harmless(criterion.explanation)
    if isinstance(observed, str):
        observed = shown(observed)
    if (observed, explanation) == (criterion.observed, criterion.explanation):
        return criterion
    return replace(criterion, observed=observed, explanation=explanation)


def _shown(text: str | None) -> str | None:
    return None if text is None else shown(text)
