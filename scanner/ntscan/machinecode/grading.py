"""From what the runs of an image showed to a grade, with its reason.

Every doubt makes it inconclusive: a wrong `clean` stops a machine that needs the fix, and a wrong
`observed` sends somebody to touch one that does not.
"""

from collections.abc import Sequence

from msgspec import Struct

from ntscan.machinecode.doubts import doubts
from ntscan.machinecode.irp_facts import (
    asks_to_unlock,
    is_article_request,
    is_freed_twice,
)
from ntscan.machinecode.kernel.request import Request
from ntscan.machinecode.run import Run
from ntscan.machinecode.search.case import Case
from ntscan.machinecode.search.traverse import FromStart, cases_of, requests_of
from ntscan.machinecode.start_points import Survey
from ntscan.machinecode.traced import FreedBy
from ntscan.vocabulary import Grade


class Verdict(Struct, frozen=True, kw_only=True):
    """A grade, why, and the runs with the IRPs that decided it."""

    grade: Grade
    reason: str
    shown: tuple[tuple[Run, Request], ...] = ()


def grade(found: Sequence[FromStart], survey: Survey, unfinished: str) -> Verdict:
    """Grade what was found from the start points of a survey.

    ``unfinished`` says why the search was cut short, if it was.
    """
    return (
        _article_defect(found, survey)
        or _other_double_free(found)
        or _doubt(found, survey, unfinished)
        or _no_double_free(found)
    )


def _article_defect(found: Sequence[FromStart], survey: Survey) -> Verdict | None:
    shown = [
        (run, request)
        for one in found
        for case in one.cases.cases
        if _allocates_nothing_when_answered(case) and not _rests_on_the_driver(case, one, survey)
        for run in case.refused
        for request in run.requests
        if run.natural
        and run.clean_return
        and run.usual
        and is_article_request(request)
        and is_freed_twice(request)
        and _is_steady(case, run)
    ]
    if not shown:
        return None
    request = max((request for _, request in shown), key=lambda one: len(one.free_sites))
    return Verdict(
        grade=Grade.OBSERVED,
        reason=(
            "After FastIoUnlockSingle answered FALSE, an IRP of IRP_MJ_LOCK_CONTROL / "
            f"IRP_MN_UNLOCK_SINGLE was freed {_frees_in_words(request)}; nothing is allocated "
            f"when it answers TRUE. {_shape(request)}"
        ),
        shown=tuple(shown),
    )


def _allocates_nothing_when_answered(case: Case) -> bool:
    run = case.answered
    return run.clean_return and True in run.fast_io_answers and not run.allocations


def _rests_on_the_driver(case: Case, one: FromStart, survey: Survey) -> bool:
    """Say whether only what the driver decides makes it free twice, and no run shows it decide so.

    What an argument is shows in a run of the caller, if nothing else calls the function.
    """
    if one.start.function in survey.named:
        return case.rests_on_variables
    return case.rests_on_arguments


def _is_steady(case: Case, run: Run) -> bool:
    """Say whether an IRP is freed twice whatever the unmodelled routines answer."""
    return all(
        other.clean_return and any(map(is_freed_twice, other.requests))
        for other in case.varied
        if other.choices == run.choices
    )


def _shape(request: Request) -> str:
    by = [site.by for site in request.free_sites]
    if sorted(by) == [FreedBy.CALLER, FreedBy.COMPLETION, FreedBy.COMPLETION]:
        return "Twice in the completion routine and once in the caller is the article's own shape."
    return "The article describes two frees in the completion routine and one in the caller."


def _frees_in_words(request: Request) -> str:
    names = {
        FreedBy.COMPLETION: "by the completion routine",
        FreedBy.CALLER: "by the routine that sent it",
        FreedBy.DEFERRED: "by a deferred routine",
        FreedBy.IO_MANAGER: "by the I/O manager",
    }
    counts = {by: sum(site.by is by for site in request.free_sites) for by in names}
    parts = [f"{counts[by]} x {words}" for by, words in names.items() if counts[by]]
    return f"{len(request.free_sites)} times ({', '.join(parts)})"


def _other_double_free(found: Sequence[FromStart]) -> Verdict | None:
    natural = [
        (case, run, request)
        for case in cases_of(found)
        for run in case.refused
        for request in run.requests
        if run.clean_return and is_freed_twice(request) and _is_steady(case, run)
    ]
    forced = [
        (run, request)
        for one in found
        for run in one.forced
        for request in run.requests
        if run.clean_return and is_freed_twice(request)
    ]
    if natural:
        request = natural[0][2]
        why = "it is not shown to be the article's: " + _why_not_the_article(*natural[0])
    elif forced:
        request = forced[0][1]
        why = "no inputs were found that lead there with no branch forced"
    else:
        return None
    return Verdict(
        grade=Grade.OBSERVED_OTHER,
        reason=f"An IRP was freed {_frees_in_words(request)}, but {why}.",
        shown=tuple((run, request) for _, run, request in natural) or tuple(forced),
    )


def _why_not_the_article(case: Case, run: Run, request: Request) -> str:
    if not asks_to_unlock(request):
        return "it does not ask to unlock a byte range"
    if request.answers_before[-1:] != (False,):
        return "FastIoUnlockSingle was not asked before it was allocated"
    if not run.usual:
        return "the rest of the system would have to do what it hardly ever does"
    if _allocates_nothing_when_answered(case):
        return "it rests on values of the driver's own that nothing was seen to set"
    return "an IRP is allocated also when FastIoUnlockSingle answers TRUE"


def _doubt(found: Sequence[FromStart], survey: Survey, unfinished: str) -> Verdict | None:
    reason = unfinished or next(doubts(found, survey), "")
    if not reason:
        return None
    return Verdict(
        grade=Grade.INCONCLUSIVE,
        reason=reason[0].upper() + reason[1:] + ".",
        shown=tuple(sorted(requests_of(found), key=lambda one: _tells_little(one[1]))),
    )


def _tells_little(request: Request) -> tuple[bool, bool]:
    """Order IRPs: first those that the driver frees, then those that it sends."""
    by_driver = any(site.by is not FreedBy.IO_MANAGER for site in request.free_sites)
    return not by_driver, not request.sends


def _no_double_free(found: Sequence[FromStart]) -> Verdict:
    article = [(run, request) for run, request in requests_of(found) if is_article_request(request)]
    if article:
        return Verdict(
            grade=Grade.CLEAN,
            reason=(
                "After FastIoUnlockSingle answered FALSE, the IRP of IRP_MJ_LOCK_CONTROL / "
                "IRP_MN_UNLOCK_SINGLE was freed exactly once, in every way to complete it."
            ),
            shown=tuple(article),
        )
    return Verdict(
        grade=Grade.NOT_OBSERVED,
        reason=(
            "No IRP was freed twice, in any way to complete it; an unlock by IRP after "
            "FastIoUnlockSingle answered FALSE was not met."
        ),
        shown=tuple((run, request) for run, request in requests_of(found) if request.sends),
    )
