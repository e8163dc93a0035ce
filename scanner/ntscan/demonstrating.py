"""What stands beside a finding: the driver model run for its build, and its file's own code."""

from collections.abc import Mapping
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, assert_never

from ntscan.evaluation.finding import Finding
from ntscan.machinecode.traced import Trace
from ntscan.reporting.demonstrations import model_demonstration, trace_demonstration
from ntscan.reporting.report import DemonstrationEntry
from ntscan.vocabulary import Behaviour, Scenario

if TYPE_CHECKING:
    from ntscan.drivermodel.demonstrate import Demonstration


def demonstrations(
    finding: Finding, traces: Mapping[str, Trace], scenario: Scenario | None, *, run_model: bool
) -> tuple[tuple[DemonstrationEntry, ...], str]:
    """Show what the driver model does and what the file's own code did; say why, or why not.

    ``traces`` are known by their file's SHA-256. ``scenario`` is the scene that the rule names, if
    it names one; the model's behaviour in it is that of the build which the finding recognised.
    """
    shown = [
        trace_demonstration(traces[file.hashes.sha256], file)
        for file in finding.files
        if file.hashes.sha256 in traces
    ]
    if not run_model:
        return tuple(shown), "not demonstrated: --no-model was given"
    if scenario is None or finding.behaviour is None:
        note = (
            f"not demonstrated: {finding.chosen_by}; `ntscan model demonstrate` shows both builds"
        )
        return tuple(shown), note
    model = model_demonstration(_demonstration(scenario, finding.behaviour), finding.chosen_by)
    return (model, *shown), f"{finding.behaviour}, since {finding.chosen_by}"


def prepare_model() -> None:
    """Do beforehand what the first scan would do for all: import and run the driver model."""
    for scenario, behaviour in product(Scenario, Behaviour):
        _demonstration(scenario, behaviour)


@cache
def _demonstration(scenario: Scenario, behaviour: Behaviour) -> "Demonstration":
    # The model is imported where it runs, so that a scan without it starts faster.
    from ntscan.drivermodel.demonstrate import demonstrate  # noqa: PLC0415

    match scenario:
        case Scenario.SFM_UNLOCK:
            return demonstrate(behaviour)
    assert_never(scenario)
