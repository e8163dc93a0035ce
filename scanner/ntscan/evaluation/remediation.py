"""What a person should do about a finding, in one text made of the rule's steps."""

from typing import assert_never

from ntscan.rulebook.advisory import Advisory, Step
from ntscan.vocabulary import Status


def remediation(advisory: Advisory, status: Status) -> str:
    """Say what to do: the steps of the mend, and what helps where the fix cannot be had."""
    match status:
        case Status.AFFECTED:
            return _mend(advisory)
        case Status.FIXED:
            return " ".join(("Nothing to do now.", *_cited(advisory.upkeep)))
        case Status.NOT_AFFECTED:
            return "Nothing to do."
        case Status.UNDETERMINED:
            return (
                f"Change nothing until the build is known. If it lacks the fix: {_mend(advisory)}"
            )
        case _ as never:
            assert_never(never)


def _mend(advisory: Advisory) -> str:
    steps = _cited((*advisory.remediation, *advisory.upkeep))
    text = " ".join(f"{number}. {step}" for number, step in enumerate(steps, start=1))
    helps = " Or: ".join(_cited(advisory.mitigation))
    return f"{text} Where the fix cannot be had: {helps}" if helps else text


def _cited(steps: tuple[Step, ...]) -> list[str]:
    return [f"{step.text.removesuffix('.')} ({step.source})." for step in steps]
