"""The search from every start point of an image."""

from typing import Final

from ntscan.machinecode.budget import BudgetSpentError
from ntscan.machinecode.runner import Runner
from ntscan.machinecode.search.cases import Search
from ntscan.machinecode.search.settled import settled_allocations
from ntscan.machinecode.search.traverse import FromStart, traverse
from ntscan.machinecode.start_points import FREEING_ROUTINES, Survey

#: One start point may spend one of so many parts of what is left of the budget.
_MOST_SHARES: Final = 4


def search_image(runner: Runner, survey: Survey) -> tuple[list[FromStart], str]:
    """Search from every start point; say also why that was cut short, if it was.

    Left out are the callers of functions that were seen to be done with the IRPs they allocate,
    and, where the image frees none by itself, all that follows a doubt: it stays inconclusive.
    """
    frees = any(routine.name in FREEING_ROUTINES for routine in runner.image.imports.values())
    found: list[FromStart] = []
    settled: set[int] = set()
    try:
        for number, start in enumerate(survey.points):
            if settled.issuperset(start.allocations):
                continue
            runner.meter.begin_share(min(len(survey.points) - number, _MOST_SHARES))
            found.append(one := traverse(runner, start, Search.FULL if frees else Search.TO_DOUBT))
            if one.cases.doubts and not frees:
                break
            settled.update(settled_allocations(one))
    except BudgetSpentError as spent:
        return found, f"the search ended at its limit of {spent}"
    return found, ""
