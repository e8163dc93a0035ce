"""What a person should do about a finding: the rule's steps, a line each."""

from typing import assert_never

from ntscan.rulebook.advisory import Advisory, Step
from ntscan.vocabulary import Status


def remediation(advisory: Advisory, status: Status) -> str:
    """Say what to do: the steps of the mend, and what helps where the fix cannot be had."""
    match status:
        case Status.AFFECTED:
            return "\n".join(_mend(advisory))
        case Status.FIXED:
            return "\n".join(("Nothing to do now.", *_cited(advisory.upkeep)))
        case Status.NOT_AFFECTED:
            return "Nothing to do."
        case Status.UNDETERMINED:
            waiting = "Change nothing until the build is known. If it lacks the fix:"
            return "\n".join((waiting, *_mend(advisory)))
        case _ as never:
            assert_never(never)


def _mend(advisory: Advisory) -> list[str]:
    steps = _cited((*advisory.remediation, *advisory.upkeep))
    lines = [f"{number}. {step}" for number, step in enumerate(steps, start=1)]
    if advisory.mitigation:
        lines.append("Where the fix cannot be had:")
        lines += [f"- {step}" for step in _cited(advisory.mitigation)]
    return lines


def _cited(steps: tuple[Step, ...]) -> list[str]:
    return [f"{step.text.removesuffix('.')} ({step.source})." for step in steps]
