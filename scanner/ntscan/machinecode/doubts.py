"""Whatever keeps an image from being called clean."""

from collections.abc import Iterator, Sequence

from ntscan.machinecode.irp_facts import (
    asks_to_unlock,
    is_article_request,
    is_freed_twice,
)
from ntscan.machinecode.run import Run
from ntscan.machinecode.search.traverse import FromStart, cases_of, requests_of
from ntscan.machinecode.start_points import MOST_CALLS_UP, NOTHING_TO_RUN, Survey


def doubts(found: Sequence[FromStart], survey: Survey) -> Iterator[str]:
    """Give whatever keeps the image from being called clean, the weightiest first."""
    if not found:
        yield NOTHING_TO_RUN
    yield from _broken_runs(found)
    yield from _unsettled_sites(found)
    yield from _unseen_callers(found)
    yield from _lost_irps(found, survey)
    yield from _doubtful_cases(found)
    yield from _unmet_frees(found, survey)
    yield from _kept_irps(found)


def has_lasting_doubt(found: Sequence[FromStart]) -> bool:
    """Say whether there is a doubt that nothing takes away that is found from other starts."""
    doubt = next(_doubtful_cases(found), "") or next(_broken_runs(found), "")
    return bool(doubt)


def _doubtful_cases(found: Sequence[FromStart]) -> Iterator[str]:
    for one in found:
        yield from one.cases.doubts
    for case in cases_of(found):
        for run in case.all_runs:
            yield from run.doubts
            yield from _miscounts(run)


def _broken_runs(found: Sequence[FromStart]) -> Iterator[str]:
    """Give why runs ended that did not return, those that sent something first."""
    broken = [run for case in cases_of(found) for run in case.all_runs if run.ended]
    for run in sorted(broken, key=lambda run: not any(request.sends for request in run.requests)):
        yield run.ended


def _unsettled_sites(found: Sequence[FromStart]) -> Iterator[str]:
    """Give the allocations whose IRP was not seen through, and why.

    Up to the fewest callers up from which the IRP is sent, every start must be gone through; an
    IRP that a wrapper hands to its caller is seen through there.
    """
    sites = sorted({site for one in found for site in one.start.allocations})
    for site in sites:
        starts = [one for one in found if site in one.start.allocations]
        sending = [one.start.depth for one in starts if _sends(one)]
        if not sending:
            ended = next((why for one in starts for why in one.ended), "")
            yield "an allocation of an IRP was not reached by inputs alone" + (
                f": {ended}" if ended else ""
            )
        for one in starts:
            if sending and one.start.depth <= min(sending) and not one.cases.cases:
                yield "a function that allocates an IRP was not gone through by inputs alone" + (
                    f": {one.ended[0]}" if one.ended else ""
                )


def _unseen_callers(found: Sequence[FromStart]) -> Iterator[str]:
    """Doubt an unlock by IRP that no caller was seen to ask FastIoUnlockSingle before."""
    requests = [request for _, request in requests_of(found) if asks_to_unlock(request)]
    if requests and not any(map(is_article_request, requests)):
        for one in found:
            if not one.cases.cases:
                yield "a caller of the function that unlocks by IRP was not gone through" + (
                    f": {one.ended[0]}" if one.ended else ""
                )


def _sends(one: FromStart) -> bool:
    return any(request.sends for _, request in requests_of([one]))


def _miscounts(run: Run) -> Iterator[str]:
    for request in run.requests:
        if is_freed_twice(request):
            yield "an IRP is freed twice only where an unmodelled routine answers so"
        if asks_to_unlock(request) and len(request.free_sites) != 1:
            yield f"the unlocking IRP is freed {len(request.free_sites)} times ({run.choices.mode})"


def _lost_irps(found: Sequence[FromStart], survey: Survey) -> Iterator[str]:
    """Doubt IRPs that a function hands to callers of which not all were gone through."""
    gone_through = {one.start.function for one in found if one.cases.cases}
    for one in found:
        function = one.start.function
        if not _hands_out(one):
            continue
        if function in survey.named or one.start.depth == MOST_CALLS_UP:
            yield "an IRP is handed to callers that are not known"
        elif not survey.callers.get(function, frozenset()) <= gone_through:
            yield "a caller that is handed an IRP was not gone through by inputs alone"


def _hands_out(one: FromStart) -> bool:
    """Say whether a function returns with an IRP that it has neither sent nor freed."""
    return any(not request.sends and not request.free_sites for _, request in requests_of([one]))


def _unmet_frees(found: Sequence[FromStart], survey: Survey) -> Iterator[str]:
    """Doubt calls that free an IRP, or make one, and that no run has made."""
    if survey.loose:
        yield f"0x{survey.loose[0]:x} hands on the address of a routine that makes or frees IRPs"
    runs = [run for case in cases_of(found) for run in case.all_runs if run.clean_return]
    met = {call for run in runs for call in run.calls}
    visited = {address for run in runs for address, _ in run.path}
    came_by: dict[int, bool] = {}
    for site, function in survey.frees.items():
        if site in met:
            continue
        # Where a run came by, what keeps it from the call has been looked at: see Cases.doubts.
        if id(function) not in came_by:
            came_by[id(function)] = any(address in function for address in visited)
        if not came_by[id(function)]:
            yield f"no run has come to the call at 0x{site:x}, which frees or makes an IRP"


def _kept_irps(found: Sequence[FromStart]) -> Iterator[str]:
    """Doubt an image that unlocks by IRP, and also keeps IRPs: they may be freed elsewhere."""
    requests = [request for _, request in requests_of(found)]
    if any(map(is_article_request, requests)):
        for request in requests:
            if request.sends and not request.free_sites:
                yield f"the IRP that is allocated at 0x{request.allocated_at:x} is kept"
