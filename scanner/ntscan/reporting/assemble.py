"""From the entries of one target, and of all targets, to what the report says of them whole."""

from collections.abc import Iterator, Sequence
from typing import Final

from ntscan.evidence.characteristics import SystemCharacteristics
from ntscan.reporting.entries import error_entry, image_entry, system_entry
from ntscan.reporting.harmless import harmless
from ntscan.reporting.report import ErrorEntry, FindingEntry, Summary, TargetEntry
from ntscan.sources.source import DirectSource, Source
from ntscan.vocabulary import ScanStatus, Stage, Status, TargetKind

_NOTHING: Final = "no Windows NT system and no file that a rule names"
_GIVE: Final = (
    r"give the system root, its system32\drivers folder, the driver itself or a disk image"
)


def failed_target(source: Source, message: str) -> TargetEntry:
    """Report a target of which nothing could be scanned, and why."""
    target = harmless(source.target)
    return TargetEntry(
        target=target,
        kind=source.kind,
        image=image_entry(source.image),
        scan_status=ScanStatus.FAILED,
        errors=(ErrorEntry(path=target, stage=Stage.OPEN, message=harmless(message)),),
        systems=(),
        findings=(),
        rules_not_present=(),
    )


def target_entry(
    source: Source,
    systems: Sequence[SystemCharacteristics],
    findings: Sequence[FindingEntry],
    rules_not_present: Sequence[str],
) -> TargetEntry:
    """Report one target: complete, partial where a deciding place failed, or failed altogether."""
    errors = [error for system in systems for error in system.errors]
    shown = [error_entry(error) for error in errors]
    if not findings and not rules_not_present:
        status = ScanStatus.FAILED
        if source.kind is not TargetKind.FILE or not errors:  # A file's own error says it all.
            message = "; ".join((_NOTHING, *_what_to_do(source, is_told=bool(errors))))
            path = harmless(source.target)
            shown.append(ErrorEntry(path=path, stage=Stage.OPEN, message=message))
    else:
        partial = any(error.decides for error in errors)
        status = ScanStatus.PARTIAL if partial else ScanStatus.COMPLETE
    return TargetEntry(
        target=harmless(source.target),
        kind=source.kind,
        image=image_entry(source.image),
        scan_status=status,
        errors=tuple(shown),
        systems=tuple(
            system_entry(system, system.root) for system in systems if system.root is not None
        ),
        findings=tuple(findings),
        rules_not_present=tuple(rules_not_present),
    )


def _what_to_do(source: Source, *, is_told: bool) -> Iterator[str]:
    """Say what helps where nothing was found; ``is_told`` where errors said it already."""
    if source.image is None:
        yield _GIVE
    elif source.image.volumes:
        if isinstance(source, DirectSource) and not source.thorough:
            yield "--thorough walks the whole image"
    elif not is_told:
        yield "no volume was found; give a whole disk or a volume"


def summarise(targets: Sequence[TargetEntry]) -> Summary:
    """Count targets, and the findings that decide."""
    statuses = [
        finding.status for target in targets for finding in target.findings if finding.decides
    ]
    return Summary(
        targets=len(targets),
        failed=sum(target.scan_status is ScanStatus.FAILED for target in targets),
        affected=statuses.count(Status.AFFECTED),
        fixed=statuses.count(Status.FIXED),
        not_affected=statuses.count(Status.NOT_AFFECTED),
        undetermined=statuses.count(Status.UNDETERMINED),
    )
