"""Many runs of a server until it stops: the article's sentences about frequency, as numbers."""

from collections import Counter
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from ntscan.drivermodel.bugcheck import BugCheckError
from ntscan.drivermodel.builds import BUILDS
from ntscan.drivermodel.policies import Policies
from ntscan.drivermodel.server import Server
from ntscan.drivermodel.workload import LONGEST, Pattern, Workload
from ntscan.vocabulary import Behaviour

#: The refusal rates of a whole simulation: from one unlock in a million to every one.
REFUSAL_RATES: Final = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)

#: How many refused unlocks an intact machine is run for.
REFUSALS_BOUND: Final = 100

#: A corrupted machine is watched for this many operations.
WATCH: Final = 10_000


class Bounds(Struct, frozen=True, kw_only=True):
    """Where a run ends without a STOP, whichever comes first."""

    #: Operations from the server's start.
    operations: int = 1_000_000_000_000
    #: Refused unlocks that left the machine intact.
    refusals: int = REFUSALS_BOUND
    #: Operations after the first refused unlock, on a machine that one has corrupted.
    watch: int = WATCH


class Run(Struct, frozen=True):
    """How one run ended; operations count from 1."""

    first_refusal: int | None
    stopped_at: int | None
    stop_code: str | None
    operations: int  # modelled, skipped ones included


class Distribution(Struct, frozen=True, kw_only=True):
    """Operations, over the runs that stopped: the middle, and where 90 % of the runs lie."""

    percent_5: int
    median: int
    percent_95: int


class Row(Struct, frozen=True, kw_only=True):
    """One workload's runs."""

    load: "Load"
    stopped: int
    after_first_refusal: Distribution | None
    overall: Distribution | None
    #: Operations until a bound, over the runs that did not stop.
    survived: Distribution | None
    stop_codes: tuple[tuple[str, int], ...]
    operations: int


class Load(Struct, frozen=True, kw_only=True):
    """A workload to be run many times."""

    pattern: Pattern
    refusal_rate: float
    #: Whether the filter refuses every n-th unlock, and not each with that chance.
    regular: bool = False
    runs: int = 100
    seed: int = 1


def simulate(
    behaviour: Behaviour,
    policies: Policies,
    load: Load,
    progress: Callable[[int], None] | None = None,
) -> Row:
    """Run one workload many times; the same seed gives the same row.

    ``progress`` is called with the number of finished runs.
    """
    results = []
    for number in range(load.runs):
        seed = f"{load.seed} {load.pattern} {load.refusal_rate} {number}"
        workload = Workload(load.pattern, load.refusal_rate, seed, regular=load.regular)
        results.append(run(behaviour, policies, workload))
        if progress:
            progress(number + 1)
    stops = [
        (result.stopped_at, result.stopped_at - result.first_refusal)
        for result in results
        if result.stopped_at is not None and result.first_refusal is not None
    ]
    codes = Counter(result.stop_code for result in results if result.stop_code)
    return Row(
        load=load,
        stopped=len(stops),
        after_first_refusal=distribution([after for _, after in stops]),
        overall=distribution([overall for overall, _ in stops]),
        survived=distribution(
            [result.operations for result in results if result.stopped_at is None]
        ),
        stop_codes=tuple(sorted(codes.items())),
        operations=sum(result.operations for result in results),
    )


def run(
    behaviour: Behaviour,
    policies: Policies,
    workload: Workload,
    *,
    bounds: Bounds | None = None,
    skip: bool = True,
) -> Run:
    """Run a server until it stops, or to a bound.

    ``skip`` leaves out what cannot matter: an operation that is complete before the next refused
    unlock begins, on an intact machine where every refused unlock is complete. Such an operation
    takes an IRP from the list and puts it back; what it leaves behind is the same machine.
    """
    bounds = bounds or Bounds()
    server = Server(policies, BUILDS[behaviour])
    remaining = workload.refused()
    refused = next(remaining, None)
    first: int | None = None
    count = operation = settled = 0
    end = bounds.operations
    while operation < end:
        if skip and operation >= settled and server.intact:
            if refused is None or refused > bounds.operations:
                operation = bounds.operations
                break
            if count >= bounds.refusals:
                break
            if refused - LONGEST - 1 > operation:
                server.drain()
                operation = refused - LONGEST - 1
        operation += 1
        try:
            if workload.is_unlock(operation):
                server.unlock(operation, workload.duration(operation), refused=operation == refused)
            else:
                server.read(operation, workload.duration(operation))
        except BugCheckError as stop:
            first = first or operation
            return Run(first, operation, str(stop.code), operation)
        if operation == refused:
            settled = operation + LONGEST
            refused = next(remaining, None)
            first = first or operation
            count += 1
        if not server.intact:
            end = min(end, (first or operation) + bounds.watch)
    return Run(first, None, None, operation)


def distribution(values: list[int]) -> Distribution | None:
    """Give nearest-rank percentiles; None without values."""
    if not values:
        return None
    ordered = sorted(values)
    rank = [ordered[-(-len(ordered) * percent // 100) - 1] for percent in (5, 50, 95)]
    return Distribution(percent_5=rank[0], median=rank[1], percent_95=rank[2])
