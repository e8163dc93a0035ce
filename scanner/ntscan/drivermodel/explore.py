"""Every order of events in a bounded scene: breadth-first search over the kernel's states.

The scene: SFM workers that each unlock a range, Fast I/O refused, and requests of another driver,
pending. In every state every thread may be the next to take a step. Two states are one when all
memory, all threads, the lock table and the ledger are equal.
"""

from collections import deque
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Final, TypeAlias

from msgspec import Struct

from ntscan.drivermodel import traffic
from ntscan.drivermodel.bugcheck import BugCheckError
from ntscan.drivermodel.builds import Build
from ntscan.drivermodel.kernel import Kernel
from ntscan.drivermodel.policies import Policies
from ntscan.drivermodel.scene import hold_lock, running_machine, stand_in_the_way, unlock
from ntscan.drivermodel.state_store import State, StateStore
from ntscan.drivermodel.story import Event, sentences

#: Where ``explore`` stops unless told otherwise.
STATE_BOUND: Final = 400_000


Origins: TypeAlias = dict[State, tuple[State, int] | None]


class Bad(StrEnum):
    """What no state of a correct machine shows, apart from a STOP."""

    DOUBLE_FREE = "an IRP is freed by a requester that does not hold it"
    TWO_OWNERS = "one IRP has two owners"
    LIST_CORRUPTED = "the list of free IRPs is no list, or holds an IRP in use"
    WAITS_FOREVER = "a thread waits forever"
    LEAK = "an IRP is never freed"


class Scene(Struct, frozen=True, kw_only=True):
    """The bounds of an exploration."""

    workers: int = 2
    requests: int = 1
    #: IRPs that are free before the first step; each thread more takes one from the pool.
    free: int = 1
    states: int = STATE_BOUND


class Finding(Struct, frozen=True, kw_only=True):
    """A bad state, and a shortest way to it."""

    what: str
    steps: int
    trace: tuple[str, ...]


class Exploration(Struct, frozen=True, kw_only=True):
    """What a search found. Without ``complete``, the absence of a finding claims nothing."""

    build: str
    assumption: str
    policies: Policies
    scene: Scene
    states: int
    transitions: int
    complete: bool
    findings: tuple[Finding, ...]


def explore(
    build: Build,
    policies: Policies,
    scene: Scene | None = None,
    progress: Callable[[int], None] | None = None,
) -> Exploration:
    """Visit every state that some order of steps reaches, up to the scene's bound.

    ``progress`` is called with the number of states now and then.
    """
    scene = scene or Scene()
    store = StateStore(_set(build, policies, scene))
    start = store.keep()
    came_from: Origins = {start: None}
    shortest: dict[str, tuple[State, int | None]] = {}
    frontier = deque([start])
    transitions = 0
    while frontier and len(came_from) <= scene.states:
        state = frontier.popleft()
        waiting = 0
        for index in range(len(state[3])):
            try:
                following = store.run(state, index)
            except BugCheckError as stop:
                transitions += 1
                shortest.setdefault(f"STOP {stop.code} {stop.code.name}", (state, index))
                continue
            if following is None:
                waiting += 1
                continue
            transitions += 1
            if following not in came_from:
                came_from[following] = (state, index)
                frontier.append(following)
                for bad in _bad(store.kernel, following):
                    shortest.setdefault(bad, (following, None))
        if waiting and waiting == len(state[3]):
            shortest.setdefault(Bad.WAITS_FOREVER, (state, None))
        if progress and not len(came_from) % 1024:
            progress(len(came_from))
    return Exploration(
        build=build.name,
        assumption=build.assumption,
        policies=policies,
        scene=scene,
        states=len(came_from),
        transitions=transitions,
        complete=not frontier,
        findings=tuple(
            _finding(store, what, start, _schedule(came_from, *place))
            for what, place in shortest.items()
        ),
    )


def _set(build: Build, policies: Policies, scene: Scene) -> Kernel:
    kernel = running_machine(policies, build, free=scene.free)
    requests = [hold_lock(kernel, build, worker) for worker in range(scene.workers)]
    stand_in_the_way(kernel)
    for worker, request in enumerate(requests):
        kernel.start(f"SFM worker {worker + 1}", unlock(build, request, worker))
    for number in range(scene.requests):
        kernel.start(
            f"other driver {number + 1}",
            traffic.request(scene.workers + number),
            policies.traffic_irql,
        )
    return kernel


def _bad(kernel: Kernel, state: State) -> Iterator[Bad]:
    """Name what is bad about a state; the kernel's memory and ledger stand in it."""
    ledger = kernel.ledger
    if ledger.double_free:
        yield Bad.DOUBLE_FREE
    if ledger.two_owners:
        yield Bad.TWO_OWNERS
    chain = kernel.free_irp_chain()
    if chain.fault or any(irp in chain.entries for irp, _ in ledger.held):
        yield Bad.LIST_CORRUPTED
    if not state[3] and ledger.held:
        yield Bad.LEAK


def _schedule(came_from: Origins, state: State, last: int | None) -> list[int]:
    """Give the threads, by index, that step in turn from the start to a state and beyond."""
    schedule = [] if last is None else [last]
    origin = came_from[state]
    while origin is not None:
        state, index = origin
        schedule.append(index)
        origin = came_from[state]
    schedule.reverse()
    return schedule


def _finding(store: StateStore, what: str, start: State, schedule: list[int]) -> Finding:
    """Play a schedule again, with somebody listening."""
    events: list[Event] = []
    store.kernel.events = events
    store.kernel.ledger.forget()
    state: State | None = start
    try:
        for index in schedule:
            if state is not None:
                state = store.run(state, index)
    except BugCheckError as stop:
        store.kernel.tell_stop(stop)
    store.kernel.events = None
    return Finding(what=what, steps=len(schedule), trace=sentences(events))
