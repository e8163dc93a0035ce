"""A file's own machine code ends a doubt about its build, and never overrules a build."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from fixtures.characteristics import FILE, SYSTEM, image
from ntscan.evaluation.evaluate import evaluate
from ntscan.evaluation.finding import Finding
from ntscan.evidence.characteristics import FileItem
from ntscan.evidence.reading import Exists, Reading
from ntscan.machinecode.traced import Trace
from ntscan.rulebook.load import load_rules
from ntscan.vocabulary import Anomaly, Build, Grade, Product, Result, ServicePack, Status

(RULE,) = load_rules().advisories
OLDER = image(time_date_stamp=datetime(1999, 8, 31, tzinfo=UTC))
THE_FIX = FILE
NEIGHBOUR = image(time_date_stamp=datetime(1999, 9, 28, 12, 0, tzinfo=UTC))
BETWEEN = image(time_date_stamp=datetime(1999, 10, 20, tzinfo=UTC))
UNKNOWN = replace(FILE, size=134_000)
DAMAGED = image(computed_checksum=1)
CONTRADICTION = Anomaly.MACHINE_CODE_CONTRADICTS_BUILD


def trace(grade: Grade) -> Trace:
    """A trace of this grade."""
    return Trace(
        machine="i386",
        grade=grade,
        reason="It was seen so.",
        irps=(),
        unmodelled=(),
        instructions=1,
        seconds=0.0,
    )


def judge(
    file: FileItem,
    grade: Grade | None,
    product: Product = Product.SERVER,
    hotfix_keys: Reading[tuple[str, ...]] = SYSTEM.registry.hotfix_keys,
) -> Finding:
    """The finding for a file of a server at SP6a whose machine code showed this."""
    registry = replace(
        SYSTEM.registry,
        product=Exists(value=product),
        service_pack=Exists(value=ServicePack.SP6A),
        hotfix_keys=hotfix_keys,
    )
    system = replace(SYSTEM, files=(file,), registry=registry)
    traces = {} if grade is None else {file.hashes.sha256: trace(grade)}
    (finding,) = evaluate(RULE, system, traces)
    return finding


_ADVICE = " The image's machine code or a known hash can tell."
AFFECTED, FIXED, UNDETERMINED = Status.AFFECTED, Status.FIXED, Status.UNDETERMINED
TABLE = [
    # The build decides; the code can only contradict it.
    (OLDER, Grade.OBSERVED, AFFECTED, False),
    (OLDER, Grade.OBSERVED_OTHER, AFFECTED, False),
    (OLDER, Grade.CLEAN, AFFECTED, True),
    (OLDER, Grade.NOT_OBSERVED, AFFECTED, False),
    (OLDER, Grade.INCONCLUSIVE, AFFECTED, False),
    (THE_FIX, Grade.OBSERVED, FIXED, True),
    (THE_FIX, Grade.OBSERVED_OTHER, FIXED, False),
    (THE_FIX, Grade.CLEAN, FIXED, False),
    (THE_FIX, Grade.NOT_OBSERVED, FIXED, False),
    (THE_FIX, Grade.INCONCLUSIVE, FIXED, False),
    # The neighbour is settled by either.
    (NEIGHBOUR, None, UNDETERMINED, False),
    (NEIGHBOUR, Grade.OBSERVED, AFFECTED, False),
    (NEIGHBOUR, Grade.CLEAN, FIXED, False),
    (NEIGHBOUR, Grade.OBSERVED_OTHER, UNDETERMINED, False),
    (NEIGHBOUR, Grade.NOT_OBSERVED, UNDETERMINED, False),
    (NEIGHBOUR, Grade.INCONCLUSIVE, UNDETERMINED, False),
    # Elsewhere only the defect itself settles anything.
    (BETWEEN, None, UNDETERMINED, False),
    (BETWEEN, Grade.OBSERVED, AFFECTED, False),
    (BETWEEN, Grade.CLEAN, UNDETERMINED, False),
    (BETWEEN, Grade.NOT_OBSERVED, UNDETERMINED, False),
    (UNKNOWN, Grade.OBSERVED, AFFECTED, False),
    (UNKNOWN, Grade.CLEAN, UNDETERMINED, False),
    # Damaged bytes are not what NT runs.
    (DAMAGED, Grade.OBSERVED, UNDETERMINED, False),
    (DAMAGED, Grade.CLEAN, UNDETERMINED, False),
]


@pytest.mark.parametrize(("file", "grade", "status", "contradicts"), TABLE)
def test_what_was_seen_is_weighed(
    file: FileItem, grade: Grade | None, status: Status, contradicts: bool
) -> None:
    """Each build and grade give the status, and the anomaly where they contradict each other."""
    finding = judge(file, grade)
    assert finding.status is status, finding.reason
    assert (CONTRADICTION in finding.anomalies) is contradicts


@pytest.mark.parametrize(("file", "grade", "status", "_contradicts"), TABLE)
def test_a_status_that_the_code_gave_says_so(
    file: FileItem, grade: Grade | None, status: Status, _contradicts: bool
) -> None:
    """The basis of a changed status stands in its reason, with what was seen."""
    without, finding = judge(file, None), judge(file, grade)
    if status is not without.status:
        assert "its own machine code shows it. It was seen so." in finding.reason
        assert without.reason.removesuffix(_ADVICE) in finding.reason


@pytest.mark.parametrize(
    ("grade", "status"), [(Grade.CLEAN, UNDETERMINED), (Grade.OBSERVED, AFFECTED)]
)
def test_a_neighbour_on_a_product_that_is_not_listed_is_never_fixed(
    grade: Grade, status: Status
) -> None:
    """Rows before the neighbour's keep their doubt; the defect is one wherever it is seen."""
    finding = judge(NEIGHBOUR, grade, Product.TERMINAL_SERVER)
    assert (finding.build, finding.status) == (Build.NEIGHBOUR, status)


@pytest.mark.parametrize(("grade", "contradicts"), [(Grade.CLEAN, False), (Grade.OBSERVED, True)])
def test_a_hotfix_key_does_not_hide_what_the_code_of_a_neighbour_does(
    grade: Grade, contradicts: bool
) -> None:
    """A neighbour that is fixed by its key stays so, and the contradiction stands out."""
    keys = Exists(value=("Q242896",))
    finding = judge(NEIGHBOUR, grade, hotfix_keys=keys)
    assert finding.status is FIXED
    assert (CONTRADICTION in finding.anomalies) is contradicts


RESULTS = [
    (Grade.CLEAN, Result.TRUE),
    (Grade.OBSERVED, Result.FALSE),
    (Grade.OBSERVED_OTHER, Result.UNKNOWN),
    (Grade.NOT_OBSERVED, Result.UNKNOWN),
    (Grade.INCONCLUSIVE, Result.UNKNOWN),
]


@pytest.mark.parametrize(("grade", "result"), RESULTS)
def test_the_code_is_a_criterion_where_it_was_run(grade: Grade, result: Result) -> None:
    """The criterion says what was seen, what the fix would show, and why."""
    (criterion,) = [c for c in judge(BETWEEN, grade).criteria if c.name == "machine_code"]
    assert (criterion.result, criterion.observed) == (result, grade.replace("_", " "))
    assert criterion.expected == "clean"
    assert "never on a processor" in criterion.explanation


def test_the_code_is_no_criterion_where_it_was_not_run() -> None:
    """Nothing is said of a trace that nobody made."""
    assert "machine_code" not in {c.name for c in judge(BETWEEN, None).criteria}
