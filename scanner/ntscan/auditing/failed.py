"""The line of a target that could not be scanned."""

import platform
from datetime import datetime

from ntscan.asking import now, shown_options
from ntscan.auditing.job import Job, Target
from ntscan.reporting.harmless import harmless
from ntscan.reporting.report import ErrorEntry, Run, TargetLine, Tool
from ntscan.version import VERSION
from ntscan.vocabulary import SCHEMA_VERSION, ScanStatus, Stage


def failed_line(
    job: Job, target: Target, reason: str, stage: Stage = Stage.SCAN, *, since: datetime
) -> TargetLine:
    """Report a target as failed; ``since`` is when its scan began, in UTC."""
    path = harmless(target.path)
    return TargetLine(
        target=path,
        kind=target.kind,
        image=None,
        scan_status=ScanStatus.FAILED,
        errors=(ErrorEntry(path=path, stage=stage, message=harmless(reason)),),
        systems=(),
        findings=(),
        rules_not_present=(),
        schema_version=SCHEMA_VERSION,
        tool=Tool(name="ntscan", version=VERSION),
        rules=job.rules,
        run=Run(
            started_at=since,
            finished_at=now(),
            host=platform.node(),
            folder=harmless(job.folder),
            options=shown_options(job.options),
        ),
    )
