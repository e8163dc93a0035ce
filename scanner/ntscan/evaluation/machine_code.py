"""What a file's own machine code adds to a verdict: it can end a doubt, and never overrule a build.

Where it disagrees with a build that was recognised, that is an anomaly, and a person must look.
"""

from typing import Final, assert_never

from ntscan.evaluation.case import Case
from ntscan.evaluation.finding import Criterion
from ntscan.evaluation.status import Conclusion, undecided_neighbour
from ntscan.vocabulary import Build, Grade, Result, Status


def weigh_machine_code(case: Case, conclusion: Conclusion) -> Conclusion:
    """Let what the machine code showed end a doubt about the build.

    A damaged file decides nothing: its code is not what NT would run.
    """
    if case.trace is None or conclusion.status is not Status.UNDETERMINED or case.is_damaged:
        return conclusion
    name = case.advisory.file_name
    match case.trace.grade:
        case Grade.OBSERVED:
            return Conclusion(
                status=Status.AFFECTED,
                reason=f"This {name} has the defect of {case.advisory.id}: its own machine code "
                f"shows it. {case.trace.reason} {_WITHOUT_IT} {conclusion.reason}",
            )
        case Grade.CLEAN if conclusion == undecided_neighbour(case):
            return Conclusion(
                status=Status.FIXED,
                reason=f"This {name} holds the fix of {case.advisory.id}: its own machine code "
                f"shows it. {case.trace.reason} {_WITHOUT_IT} {conclusion.reason}",
            )
        case grade:
            return Conclusion(
                status=Status.UNDETERMINED,
                reason=f"{conclusion.reason} Its machine code does not settle it either "
                f"({_words(grade)}). {case.trace.reason}",
            )


def contradicts_build(case: Case, conclusion: Conclusion) -> bool:
    """Say whether the code was seen to do what the build should not, by which the file was judged.

    A neighbour can be judged by its hotfix key.
    """
    grade = case.trace.grade if case.trace is not None else None
    match case.order.build:
        case Build.OLDER:
            return grade is Grade.CLEAN
        case Build.THE_FIX | Build.NEWER | Build.NEIGHBOUR:
            return grade is Grade.OBSERVED and conclusion.status is Status.FIXED
        case Build.UNKNOWN | None:
            return False
        case _ as never:
            assert_never(never)


def machine_code_criterion(case: Case) -> tuple[Criterion, ...]:
    """Ask the code itself, where it was run."""
    if case.trace is None:
        return ()
    return (
        Criterion(
            name="machine_code",
            result=_result(case.trace.grade),
            observed=_words(case.trace.grade),
            expected=_words(Grade.CLEAN),
            explanation="The file's own unlock path was run in a sealed interpreter against a "
            "modelled kernel, and never on a processor; the demonstration says what it did.",
        ),
    )


def _result(grade: Grade) -> Result:
    match grade:
        case Grade.CLEAN:
            return Result.TRUE
        case Grade.OBSERVED:
            return Result.FALSE
        case Grade.OBSERVED_OTHER | Grade.NOT_OBSERVED | Grade.INCONCLUSIVE:
            return Result.UNKNOWN
        case _ as never:
            assert_never(never)


def _words(grade: Grade) -> str:
    return grade.replace("_", " ")


_WITHOUT_IT: Final = "Without it, the file would be undetermined."
