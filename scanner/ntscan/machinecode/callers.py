"""From the functions that allocate to those that call them: start points of any machine."""

from collections.abc import Collection, Mapping

from ntscan.machinecode.start_points import MOST_CALLS_UP, StartPoint


def start_points_upwards(
    allocations: Mapping[int, Collection[int]], calls: Mapping[int, Collection[int]]
) -> tuple[StartPoint, ...]:
    """Return the functions that allocate, then their callers, then the callers of those.

    ``allocations`` are the call sites of each function that has any, ``calls`` the functions that
    each function calls. A caller is named for the allocations that no lower depth gave it.
    """
    points: list[StartPoint] = []
    reached = {function: frozenset(sites) for function, sites in allocations.items()}
    found = dict(reached)
    for depth in range(MOST_CALLS_UP + 1):
        points += [
            StartPoint(function=function, allocations=tuple(sorted(sites)), depth=depth)
            for function, sites in sorted(found.items())
        ]
        callers = {
            function: frozenset(site for callee in callees for site in found.get(callee, ()))
            - reached.get(function, frozenset())
            for function, callees in calls.items()
        }
        found = {function: sites for function, sites in callers.items() if sites}
        for function, sites in found.items():
            reached[function] = reached.get(function, frozenset()) | sites
    return tuple(points)


def callers_of(calls: Mapping[int, Collection[int]]) -> Mapping[int, frozenset[int]]:
    """Turn "which functions each calls" into "by which each is called"."""
    callers: dict[int, set[int]] = {}
    for function, callees in calls.items():
        for callee in callees:
            callers.setdefault(callee, set()).add(function)
    return {callee: frozenset(functions) for callee, functions in callers.items()}
