"""What a person should do about a finding: the rule's steps, a line each."""

from collections.abc import Collection
from typing import assert_never

from ntscan.evidence.reading import Exists, Reading
from ntscan.rulebook.advisory import Advisory, Step
from ntscan.vocabulary import Anomaly, ServicePack, Status


def service_pack_in_place(
    installed: Reading[ServicePack], anomalies: Collection[Anomaly]
) -> ServicePack | None:
    """Return the service pack that need not be installed again; ``None`` where nobody knows one.

    Where an older release put its file back over the service pack, it must be.
    """
    if not isinstance(installed, Exists) or Anomaly.SERVICE_PACK_NOT_REAPPLIED in anomalies:
        return None
    return installed.value


def remediation(advisory: Advisory, status: Status, service_pack: ServicePack | None) -> str:
    """Say what to do: the steps of the mend, and what helps where the fix cannot be had.

    Steps that ``service_pack``, the one in place, makes needless are left out.
    """
    match status:
        case Status.AFFECTED:
            return "\n".join(_mend(advisory, service_pack))
        case Status.FIXED:
            return "\n".join(("Nothing to do now.", *_cited(advisory.upkeep, service_pack)))
        case Status.NOT_AFFECTED:
            return "Nothing to do."
        case Status.UNDETERMINED:
            waiting = "Change nothing until the build is known. If it lacks the fix:"
            return "\n".join((waiting, *_mend(advisory, service_pack)))
        case _ as never:
            assert_never(never)


def _mend(advisory: Advisory, service_pack: ServicePack | None) -> list[str]:
    steps = _cited((*advisory.remediation, *advisory.upkeep), service_pack)
    lines = [f"{number}. {step}" for number, step in enumerate(steps, start=1)]
    mitigation = _cited(advisory.mitigation, service_pack)
    if mitigation:
        lines.append("Where the fix cannot be had:")
        lines += [f"- {step}" for step in mitigation]
    return lines


def _cited(steps: tuple[Step, ...], service_pack: ServicePack | None) -> list[str]:
    needed = (step for step in steps if not _is_done(step, service_pack))
    return [f"{step.text.removesuffix('.')} ({step.source})." for step in needed]


def _is_done(step: Step, service_pack: ServicePack | None) -> bool:
    if step.until is None or service_pack is None:
        return False
    return not service_pack.precedes(step.until)
