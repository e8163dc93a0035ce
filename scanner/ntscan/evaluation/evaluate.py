"""From a rule and what was collected about a system to findings: no I/O, no clock."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ntscan.evaluation.anomalies import anomalies
from ntscan.evaluation.applicability import system_criteria
from ntscan.evaluation.case import Case, make_case
from ntscan.evaluation.criteria import file_criteria
from ntscan.evaluation.exposure import exposure
from ntscan.evaluation.finding import Finding
from ntscan.evaluation.machine_code import machine_code_criterion, weigh_machine_code
from ntscan.evaluation.remediation import remediation, service_pack_in_place
from ntscan.evaluation.status import Conclusion, conclude
from ntscan.evidence.characteristics import FileItem, SystemCharacteristics
from ntscan.machinecode.traced import Trace
from ntscan.rulebook.advisory import Advisory
from ntscan.vocabulary import Behaviour, Build, Status

#: No file's machine code was run.
NO_TRACES: Final[Mapping[str, Trace]] = MappingProxyType({})


def evaluate(
    advisory: Advisory,
    system: SystemCharacteristics,
    traces: Mapping[str, Trace] = NO_TRACES,
) -> tuple[Finding, ...]:
    """Judge each copy of the rule's file; none is a finding too where one was to be expected.

    Outside Windows NT a file that is missing means nothing: then there is no finding. ``traces``
    are what the machine code of files did, by their SHA-256, as far as it was run.
    """
    findings = [
        _finding(make_case(advisory, system, file, traces.get(file.hashes.sha256)))
        for file in system.files
        if is_file_of(advisory, file)
    ]
    if not any(finding.decides for finding in findings):
        absent = make_case(advisory, system, None)
        if system.is_nt or absent.blocked_at is not None:
            findings.append(_finding(absent))
    return tuple(sorted(findings, key=lambda finding: not finding.decides))


def is_file_of(advisory: Advisory, file: FileItem) -> bool:
    """Say whether a file is the one that a rule is about, by the name it was collected under."""
    return file.name == advisory.file_name


def _finding(case: Case) -> Finding:
    conclusion = weigh_machine_code(case, conclude(case))
    behaviour, chosen_by = _behaviour(case, conclusion)
    registry, found = case.system.registry, anomalies(case, conclusion)
    in_place = service_pack_in_place(registry.service_pack, found)
    return Finding(
        rule_id=case.advisory.id,
        status=conclusion.status,
        justification=conclusion.justification,
        reason=conclusion.reason,
        build=case.order.build,
        files=(case.file,) if case.file is not None else (),
        decides=case.file is None or case.file.decides,
        criteria=(
            *file_criteria(case),
            *machine_code_criterion(case),
            *system_criteria(case.advisory, case.system),
        ),
        anomalies=found,
        exposure=exposure(case.advisory, registry),
        remediation=remediation(case.advisory, conclusion.status, in_place),
        behaviour=behaviour,
        chosen_by=chosen_by,
    )


def _behaviour(case: Case, conclusion: Conclusion) -> tuple[Behaviour | None, str]:
    """Choose what the driver model shows by the recognised build, not by the verdict."""
    if case.advisory.demonstration is None:
        return None, "the rule names no scene of the driver model"
    match case.order.build:
        case Build.OLDER:
            return Behaviour.VULNERABLE, "the build is older than the fix"
        case Build.THE_FIX:
            return Behaviour.FIXED, "the build is the fix"
        case Build.NEWER if conclusion.status is Status.FIXED:
            return Behaviour.FIXED, "the build is newer than the fix and holds it"
        case _:
            return None, "no build was recognised"
