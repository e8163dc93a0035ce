"""The allocations whose IRPs a function was seen to be done with, so that no caller has them."""

from ntscan.machinecode.irp_facts import asks_to_unlock
from ntscan.machinecode.run import Run
from ntscan.machinecode.search.traverse import FromStart


def settled_allocations(one: FromStart) -> frozenset[int]:
    """Return the allocations of a start point that its callers need not be run for.

    Each IRP was freed before the function returned, and its address is left nowhere: what no caller
    can find, none can free again. An IRP that asks to unlock does not count; what its callers ask
    FastIoUnlockSingle before belongs to the article.
    """
    runs = [run for case in one.cases.cases for run in (*case.runs.values(), *case.varied)]
    if any(run.clean_return and run.requests for run in runs) and all(map(_is_done, runs)):
        return frozenset(one.start.allocations)
    return frozenset()


def _is_done(run: Run) -> bool:
    return not run.doubts and all(
        request.sends and request.free_sites and not asks_to_unlock(request)
        for request in run.requests
    )
