"""From the entries of one target, and of all targets, to what the report says of them whole."""

from collections.abc import Sequence
from typing import Final

from ntscan.evidence.characteristics import SystemCharacteristics
from ntscan.reporting.entries import error_entry, image_entry, system_entry
from ntscan.reporting.harmless import harmless
from ntscan.reporting.report import ErrorEntry, FindingEntry, Summary, TargetEntry
from ntscan.sources.source import Source
from ntscan.vocabulary import ScanStatus, Stage, Status, TargetKind

_GIVE: Final = r"give the system root, its system32\drivers folder or the driver itself"
#: What to do about a target of each kind in which nothing was found.
_WHAT: Final = {
    TargetKind.FILE: _GIVE,
    TargetKind.DIRECTORY: f"{_GIVE}; disk images in a folder are opened by ntscan audit",
    TargetKind.DISK_IMAGE: "--thorough walks the whole image",
}


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
        shown.append(
            ErrorEntry(
                path=harmless(source.target),
                stage=Stage.OPEN,
                message=f"no Windows NT system and no file that a rule names; {_WHAT[source.kind]}",
            )
        )
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
