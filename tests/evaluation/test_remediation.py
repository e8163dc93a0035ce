"""What to do: the steps of a rule, without those that the machine has behind it."""

import pytest

from fixtures.characteristics import FILE, build, system
from ntscan.evaluation.evaluate import evaluate
from ntscan.evidence.characteristics import FileItem, SystemCharacteristics
from ntscan.evidence.reading import (
    NOT_COLLECTED,
    CollectionFailed,
    Contradictory,
    Exists,
    Reading,
    Unrecognised,
)
from ntscan.rulebook.load import load_rules
from ntscan.vocabulary import ServicePack

(RULE,) = load_rules(only=["Q242896"]).advisories
LATE_SP5 = build("i386", "1999-08-31T20:05:30Z", 134_384)
OF_THE_CD = build("i386", "1996-10-12T18:02:00Z", 132_112)
NEIGHBOUR = build("i386", "1999-09-28T18:41:10Z", 134_416)
SERVICE_PACK = "Install the latest service pack first"
HOTFIX = "Install the hotfix of Q242896"


def steps(found: SystemCharacteristics) -> list[str]:
    """The numbered steps of the one finding, without their numbers."""
    (finding,) = evaluate(RULE, found)
    lines = finding.remediation.split("\n")
    numbered = [line.partition(". ") for line in lines if line[0].isdigit()]
    assert [number for number, _, _ in numbered] == [str(n + 1) for n in range(len(numbered))]
    return [step for _, _, step in numbered]


def at(name: str) -> Exists[ServicePack]:
    """A service pack as it was read."""
    return Exists(value=ServicePack(name))


@pytest.mark.parametrize(
    ("service_pack", "first"),
    [
        (at("RTM"), SERVICE_PACK),
        (at("SP5"), SERVICE_PACK),
        (at("SP6"), SERVICE_PACK),
        (at("SP6a"), HOTFIX),
        (Exists(value=ServicePack.SP6A, stated_by_user=True), HOTFIX),
        (NOT_COLLECTED, SERVICE_PACK),
        (Unrecognised(text="Service Pack 7"), SERVICE_PACK),
        (Contradictory(message="CSDVersion contradicts itself"), SERVICE_PACK),
        (CollectionFailed(message="cannot be read"), SERVICE_PACK),
    ],
)
@pytest.mark.parametrize("file", [LATE_SP5, NEIGHBOUR], ids=["affected", "undetermined"])
def test_a_service_pack_is_a_step_unless_it_is_known_to_be_there(
    service_pack: Reading[ServicePack], first: str, file: FileItem
) -> None:
    """In doubt the step is said; the numbers begin with 1 all the same."""
    found = steps(system(file, service_pack=service_pack))
    assert found[0].startswith(first)
    assert sum(step.startswith(HOTFIX) for step in found) == 1


def test_a_service_pack_that_was_undone_is_to_be_installed_again() -> None:
    """The registry says SP6a, and the file is that of the original CD."""
    assert steps(system(OF_THE_CD, service_pack=at("SP6a")))[0].startswith(SERVICE_PACK)


def test_a_fixed_machine_is_told_what_keeps_it_fixed() -> None:
    """Whatever its service pack."""
    (finding,) = evaluate(RULE, system(FILE, service_pack=at("SP6a")))
    assert finding.remediation.startswith("Nothing to do now.\nInstall the service pack and then")
