"""Where a build stands: two minutes around every boundary of every interval, and what overrules."""

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from fixtures.characteristics import FILE, build, image, versioned
from ntscan.evaluation.build_order import fixed_build_for, order_build
from ntscan.evidence.characteristics import FileItem, NotAnImage
from ntscan.rulebook.advisory import Advisory
from ntscan.rulebook.load import load_rules
from ntscan.vocabulary import Anomaly, Build, Machine

FIX_SIZE = {"i386": 134_416, "alpha": 241_744}
KNOWN_OLDER_SIZE = {"i386": 134_384, "alpha": 241_712}
OTHER_SIZE = {"i386": 134_480, "alpha": 241_808}


@pytest.fixture(scope="module")
def advisory() -> Advisory:
    """The rule that founded the project."""
    (rule,) = load_rules(only=["Q242896"]).advisories
    return rule


def order(advisory: Advisory, file: FileItem) -> Build | None:
    """Place a file among the builds for its machine."""
    machine = "i386" if isinstance(file.image, NotAnImage) else file.image.machine
    fix = fixed_build_for(advisory, machine)
    assert fix is not None
    return order_build(advisory, file, fix).build


# Each row: a boundary, and the builds two minutes before it, on it, and two minutes after it, for a
# file of the fix's size and for one of a size that nobody published. Intel; Alpha is a minute less.
BOUNDARIES = [
    # boundary, size of the fix: before, on, after; other size: before, on, after
    ("1999-09-27T11:49:00Z", "older neighbour neighbour", "older older older"),
    ("1999-09-28T19:49:00Z", "neighbour neighbour the_fix", "older unknown unknown"),
    ("1999-09-28T19:50:00Z", "neighbour neighbour the_fix", "older unknown unknown"),
    ("1999-09-30T03:50:00Z", "the_fix the_fix newer", "unknown unknown newer"),
    ("1993-07-01T00:00:00Z", "unknown older older", "unknown older older"),
    ("2009-12-31T23:59:59Z", "newer newer unknown", "newer newer unknown"),
]
ROWS = [
    pytest.param(
        machine, moment, size, Build(expected), id=f"{machine}-{boundary}{shift:+}s-{name}"
    )
    for machine, earlier in (("i386", 0), ("alpha", 60))
    for boundary, with_fix_size, with_other_size in BOUNDARIES
    for name, size, builds in (
        ("size of the fix", FIX_SIZE[machine], with_fix_size),
        ("other size", OTHER_SIZE[machine], with_other_size),
    )
    for shift, expected in zip((-120, 0, 120), builds.split(), strict=True)
    for moment in [
        datetime.fromisoformat(boundary)
        + timedelta(seconds=shift)
        - timedelta(seconds=earlier if boundary.startswith("1999-09") else 0)
    ]
]


@pytest.mark.parametrize(("machine", "moment", "size", "expected"), ROWS)
def test_a_link_time_is_held_against_intervals(
    advisory: Advisory, machine: str, moment: datetime, size: int, expected: Build
) -> None:
    """Around each boundary the build changes exactly on it, and not a second elsewhere."""
    assert order(advisory, build(machine, moment.isoformat(), size)) is expected


@pytest.mark.parametrize(
    ("boundary", "before", "on", "after"),
    [
        ("1999-09-27T11:49:00Z", "older", "neighbour", "neighbour"),
        ("1999-09-28T19:50:00Z", "neighbour", "neighbour", "the_fix"),
        ("1999-09-30T03:50:00Z", "the_fix", "the_fix", "newer"),
    ],
)
def test_the_intervals_are_closed_to_the_second(
    advisory: Advisory, boundary: str, before: str, on: str, after: str
) -> None:
    """Both ends belong to an interval; a second beyond them does not."""
    moments = [datetime.fromisoformat(boundary) + timedelta(seconds=n) for n in (-1, 0, 1)]
    found = [order(advisory, build("i386", m.isoformat(), FIX_SIZE["i386"])) for m in moments]
    assert found == [before, on, after]


@pytest.mark.parametrize("machine", ["i386", "alpha"])
def test_a_size_of_an_older_build_contradicts_a_link_time_after_the_fix(
    advisory: Advisory, machine: str
) -> None:
    """Linked after the fix but of a published older build's size: nothing decides, and it shows."""
    file = build(machine, "2000-03-01T00:00:00Z", KNOWN_OLDER_SIZE[machine])
    fix = fixed_build_for(advisory, machine)
    assert fix is not None
    found = order_build(advisory, file, fix)
    assert (found.build, found.anomalies) == (
        Build.UNKNOWN,
        (Anomaly.SIZE_CONTRADICTS_LINK_TIME,),
    )


def test_the_size_of_another_machines_older_build_contradicts_nothing(advisory: Advisory) -> None:
    """The ledger is held against a file of the same machine only."""
    file = build("alpha", "2000-03-01T00:00:00Z", KNOWN_OLDER_SIZE["i386"])
    assert order(advisory, file) is Build.NEWER


GERMAN = {"languages": (0x0407,)}


@pytest.mark.parametrize(
    ("linked", "changes", "expected"),
    [
        ("1999-09-30T02:41:10Z", {"languages": (0x0409,)}, Build.THE_FIX),
        ("1999-09-30T02:41:10Z", {"languages": (0x0809,)}, Build.THE_FIX),
        ("1999-09-30T02:41:10Z", {"languages": (0x0000,)}, Build.THE_FIX),
        ("1999-09-30T02:41:10Z", {"languages": (0x0000, 0x0409)}, Build.THE_FIX),
        ("1999-09-30T02:41:10Z", {"languages": ()}, Build.THE_FIX),
        ("1999-09-30T02:41:10Z", GERMAN, Build.UNKNOWN),
        ("1999-09-30T02:41:10Z", {"languages": (0x0407, 0x0409)}, Build.UNKNOWN),
        ("1999-09-28T15:00:00Z", GERMAN, Build.OLDER),
        ("1999-08-31T00:00:00Z", GERMAN, Build.OLDER),
        ("2000-01-01T00:00:00Z", GERMAN, Build.NEWER),
    ],
)
def test_a_build_in_another_language_is_never_known_by_its_size(
    advisory: Advisory, linked: str, changes: dict[str, object], expected: Build
) -> None:
    """English, neutral and unstated languages compare by size; others by their link time alone."""
    stamp = datetime.fromisoformat(linked)
    file = versioned(**changes)
    assert not isinstance(file.image, NotAnImage)
    assert order(advisory, replace(file, image=replace(file.image, time_date_stamp=stamp))) is (
        expected
    )


def test_a_file_without_a_version_resource_compares_by_size(advisory: Advisory) -> None:
    """No version resource is no other language."""
    assert order(advisory, image(version=None)) is Build.THE_FIX


@pytest.mark.parametrize(
    ("stored", "computed", "expected"),
    [
        (0x2DEAD, 0x2DEAD, Build.THE_FIX),
        (0x2DEAE, 0x2DEAD, Build.UNKNOWN),
        (0, 0x2DEAD, Build.THE_FIX),
    ],
)
def test_a_wrong_checksum_decides_nothing(
    advisory: Advisory, stored: int, computed: int, expected: Build
) -> None:
    """A stored checksum that is not the computed one is damage; zero is no statement."""
    file = image(stored_checksum=stored, computed_checksum=computed)
    assert order(advisory, file) is expected


def test_a_file_that_is_no_image_is_an_unknown_build(advisory: Advisory) -> None:
    """Without a PE image there is no link time to compare."""
    file = replace(FILE, image=NotAnImage(reason="is empty"))
    assert order(advisory, file) is Build.UNKNOWN


HASH = "ab" * 32


def with_hash(advisory: Advisory, *, fix: bool = False, known: int | None = None) -> Advisory:
    """Give one of the rule's builds the hash, as a rule may carry one."""
    fixed, ledger = list(advisory.fixed_builds), list(advisory.known_builds)
    if fix:
        fixed[0] = replace(fixed[0], sha256=HASH)
    if known is not None:
        ledger[known] = replace(ledger[known], sha256=HASH)
    return replace(advisory, fixed_builds=tuple(fixed), known_builds=tuple(ledger))


@pytest.mark.parametrize(
    ("fix", "known", "expected"),
    [(True, None, Build.THE_FIX), (False, 0, Build.OLDER), (False, 5, Build.NEIGHBOUR)],
)
def test_a_known_hash_names_its_build_outright(
    advisory: Advisory, fix: bool, known: int | None, expected: Build
) -> None:
    """A hash that the rule carries wins over link time and size."""
    rule = with_hash(advisory, fix=fix, known=known)
    file = build("i386", "2001-01-01T00:00:00Z", 100)
    hashed = replace(file, hashes=replace(FILE.hashes, sha256=HASH))
    assert order(rule, hashed) is expected
    assert order(rule, file) is Build.NEWER


def test_damage_wins_over_a_known_hash(advisory: Advisory) -> None:
    """Damage is tried first: a file that NT would refuse to load is no build at all."""
    file = image(stored_checksum=1)
    hashed = replace(file, hashes=replace(FILE.hashes, sha256=HASH))
    assert order(with_hash(advisory, fix=True), hashed) is Build.UNKNOWN


def with_version(advisory: Advisory, version: str) -> Advisory:
    """Give the fix a file version, as the articles of other files have."""
    fixed = replace(advisory.fixed_builds[0], machine=Machine.I386, file_version=version)
    return replace(advisory, fixed_builds=(fixed, *advisory.fixed_builds[1:]))


@pytest.mark.parametrize(
    ("observed", "fix", "expected"),
    [
        ("4.0.1381.7035", "4.0.1381.7036", Build.OLDER),
        ("4.0.1381.7036", "4.0.1381.7036", Build.THE_FIX),
        ("4.00.1381.7036", "4.0.1381.7036", Build.THE_FIX),
        ("4.0.1381.7037", "4.0.1381.7036", Build.NEWER),
        ("4.0.1381.10000", "4.0.1381.7036", Build.NEWER),
    ],
)
def test_versions_decide_in_place_of_the_link_time(
    advisory: Advisory, observed: str, fix: str, expected: Build
) -> None:
    """Where rule and file carry a version, neither link time nor size is asked."""
    file = versioned(file_version=observed)
    assert order(with_version(advisory, fix), replace(file, size=1)) is expected


@pytest.mark.parametrize("observed", [None, "4.00", "4.00 built by: NT", "4.0.1381.x", ""])
def test_a_version_that_names_no_build_leaves_the_link_time_to_decide(
    advisory: Advisory, observed: str | None
) -> None:
    """The bare string 4.00, and what is not made of dotted integers, compare with nothing."""
    file = versioned(file_version=None, file_version_string=observed)
    assert order(with_version(advisory, "4.0.1381.7036"), file) is Build.THE_FIX


def test_an_older_build_of_the_fixs_own_size_contradicts_nothing(advisory: Advisory) -> None:
    """Where an older build has the fix's size, that size after the fix is no contradiction."""
    older = replace(advisory.known_builds[0], size=FIX_SIZE["i386"])
    rule = replace(advisory, known_builds=(older, *advisory.known_builds[1:]))
    assert order(rule, build("i386", "2000-03-01T00:00:00Z", FIX_SIZE["i386"])) is Build.NEWER
