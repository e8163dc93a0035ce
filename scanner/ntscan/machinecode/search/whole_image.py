"""The search from every start point of an image."""

from typing import Final

from ntscan.machinecode.budget import BudgetSpentError
from ntscan.machinecode.doubts import has_lasting_doubt
from ntscan.machinecode.runner import Runner
from ntscan.machinecode.search.cases import Search
from ntscan.machinecode.search.settled import is_settled
from ntscan.machinecode.search.traverse import FromStart, traverse
from ntscan.machinecode.start_points import FREEING_ROUTINES, StartPoint, Survey

#: One start point may spend one of so many parts of what is left of the budget.
_MOST_SHARES: Final = 4


def search_image(runner: Runner, survey: Survey) -> tuple[list[FromStart], str]:
    """Search from every start point; say also why that was cut short, if it was.

    Left out is only what cannot make an image clean that is in doubt: the callers of functions that
    were seen to be done with the IRPs they allocate, and, where the image frees none by itself, all
    that follows a doubt.
    """
    frees = any(routine.name in FREEING_ROUTINES for routine in runner.image.imports.values())
    found: list[FromStart] = []
    settled: set[int] = set()
    in_doubt = False
    try:
        for number, start in enumerate(survey.points):
            callees = _callees(start, survey)
            if in_doubt and callees and settled.issuperset(callees):
                settled.add(start.function)
                continue
            runner.meter.begin_share(min(len(survey.points) - number, _MOST_SHARES))
            found.append(one := traverse(runner, start, Search.FULL if frees else Search.TO_DOUBT))
            if one.cases.doubts and not frees:
                break
            in_doubt = in_doubt or has_lasting_doubt([one])
            if is_settled(one):
                settled.add(start.function)
    except BudgetSpentError as spent:
        return found, f"the search ended at its limit of {spent}"
    return found, ""


def _callees(start: StartPoint, survey: Survey) -> frozenset[int]:
    """Return the functions that a start point calls to come to allocations of others."""
    return frozenset(
        point.function
        for point in survey.points
        if point.depth < start.depth
        and start.function in survey.callers.get(point.function, frozenset())
        and not set(point.allocations).isdisjoint(start.allocations)
    )
