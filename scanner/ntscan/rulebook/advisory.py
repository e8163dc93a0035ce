"""The types of a rule: one advisory for each KB article, holding nothing about any target.

Every figure carries ``source``, the number of the article that it was taken from. Wall clocks are
naive, as the KB prints them without a zone; all other times are UTC. Sizes are bytes.
"""

from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct

from ntscan.vocabulary import Build, Machine, Product, Scenario, ServicePack, Status


class Stamp(StrEnum):
    """What a known build's date is: that of its making, or of the media it was packaged on."""

    BUILD = "build"
    MEDIA = "media"


class ContainsFix(StrEnum):
    """Whether a known build holds the fix: as its article and the dates say, or nobody says."""

    NO = "no"
    UNKNOWN = "unknown"


class Applicability(Struct, frozen=True, kw_only=True):
    """The products and service packs that the article lists."""

    products: tuple[Product, ...]
    service_packs: tuple[ServicePack, ...]
    source: str


class Services(Struct, frozen=True, kw_only=True):
    """The services of the component; ``driver`` is the one whose ImagePath names the file."""

    driver: str
    component: tuple[str, ...]
    source: str


class ProductWithoutComponent(Struct, frozen=True, kw_only=True):
    """A product on which the component does not exist."""

    product: Product
    source: str


class FixedBuild(Struct, frozen=True, kw_only=True):
    """The fixed file for one machine, as the article's table has it."""

    machine: Machine
    wall_clock: datetime
    size: int
    source: str
    file_version: str | None = None
    sha256: str | None = None


class KnownBuild(Struct, frozen=True, kw_only=True):
    """Another published build of the same file.

    ``stamp`` says what ``wall_clock`` can be compared with; it is there for who reads the rule, and
    no verdict rests on it. ``hotfix`` is the key that its hotfix leaves, ``service_pack`` the
    release that it shipped with.
    """

    machine: Machine
    wall_clock: datetime
    size: int
    stamp: Stamp
    contains_fix: ContainsFix
    shipped_in: str
    source: str
    hotfix: str | None = None
    service_pack: ServicePack | None = None
    sha256: str | None = None


class ReleaseWithoutFix(Struct, frozen=True, kw_only=True):
    """A service pack that shipped after the fix and without it; ``released_by`` is the last day."""

    service_pack: ServicePack
    released_by: date
    source: str


class LaterBuilds(Struct, frozen=True, kw_only=True):
    """From which link time on every build holds the fix, since no release without it followed."""

    hold_fix_from: datetime
    source: str


class Step(Struct, frozen=True, kw_only=True):
    """One thing to do, in words that a person can act on.

    From the service pack ``until`` on, it is done already, and left out.
    """

    text: str
    source: str
    until: ServicePack | None = None


class ModelScene(Struct, frozen=True, kw_only=True):
    """The scene of the driver model that shows the defect."""

    scenario: Scenario
    source: str


class Example(Struct, frozen=True, kw_only=True):
    """A file that the rule must, or must not, flag; a test builds it and scans it.

    ``language`` is a Windows language identifier. ``modified`` is the file's date, UTC, which must
    make no difference.
    """

    name: str
    machine: Machine
    link_time: datetime
    size: int
    status: Status
    build: Build
    modified: datetime | None = None
    language: int = 0x0409
    product: Product | None = None
    service_pack: ServicePack | None = None
    hotfix_keys: tuple[str, ...] | None = None


class Advisory(Struct, frozen=True, kw_only=True):
    """All that one KB article, and the articles around it, say about one file's fix.

    ``primary_language`` is the primary language identifier of the builds that the article
    describes (winnt.h: LANG_ENGLISH is 0x09). ``remediation`` are the steps to the fix in their
    order, ``upkeep`` what keeps a fixed machine fixed, ``mitigation`` what helps without the fix.
    """

    id: str
    title: str
    last_modified: date
    file_name: str
    component: str
    defect: str
    primary_language: int
    applicability: Applicability
    fixed_builds: tuple[FixedBuild, ...]
    later_builds: LaterBuilds
    remediation: tuple[Step, ...]
    services: Services | None = None
    products_without_component: tuple[ProductWithoutComponent, ...] = ()
    known_builds: tuple[KnownBuild, ...] = ()
    releases_without_fix: tuple[ReleaseWithoutFix, ...] = ()
    upkeep: tuple[Step, ...] = ()
    mitigation: tuple[Step, ...] = ()
    demonstration: ModelScene | None = None
    examples: tuple[Example, ...] = ()


class RuleBook(Struct, frozen=True, kw_only=True):
    """The rules of one run, ordered by id; ``digest`` is the SHA-256 of their text."""

    advisories: tuple[Advisory, ...]
    digest: str
