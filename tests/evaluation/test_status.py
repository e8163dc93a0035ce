"""The status table: every row, and that the rows are tried from the top."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from fixtures.characteristics import FILE, SYSTEM, UNREADABLE, build, image, system, versioned
from ntscan.evaluation.evaluate import evaluate
from ntscan.evidence.characteristics import FileItem, NotAnImage, SystemCharacteristics
from ntscan.evidence.reading import (
    NOT_COLLECTED,
    CollectionFailed,
    Contradictory,
    DoesNotExist,
    Exists,
    Reading,
    Unrecognised,
)
from ntscan.evidence.system_evidence import PendingRename, Service
from ntscan.rulebook.load import load_rules
from ntscan.vocabulary import (
    Anomaly,
    Behaviour,
    Build,
    Product,
    Result,
    ServicePack,
    ServiceStart,
)

(RULE,) = load_rules(only=["Q242896"]).advisories

OLDER = build("i386", "1999-08-31T20:05:30Z", 134_384)
FIX = FILE
NEIGHBOUR = build("i386", "1999-09-28T18:41:10Z", 134_416)
JUST_NEWER = build("i386", "1999-10-20T12:00:00Z", 134_480)
LAST_MOMENT = build("i386", "1999-11-30T23:59:59Z", 134_480)
MUCH_NEWER = build("i386", "1999-12-01T00:00:00Z", 134_480)
UNKNOWN = build("i386", "1999-09-30T02:41:10Z", 134_480)
DAMAGED = image(stored_checksum=1)
NO_IMAGE = replace(FILE, image=NotAnImage(reason="is empty"))
OF_2000 = {"file_version": "5.0.2195.1", "file_version_string": "5.00.2195.1"}
WINDOWS_2000 = versioned(
    product_version="5.0.2195.1", product_version_string="5.00.2195.1", **OF_2000
)
NO_FILE_VERSION = {"file_version": None, "file_version_string": None}
MIPS = image(machine="mips")

WORKSTATION = Exists(value=Product.WORKSTATION)
SERVER = Exists(value=Product.SERVER)
ENTERPRISE = Exists(value=Product.ENTERPRISE)
TERMINAL_SERVER = Exists(value=Product.TERMINAL_SERVER)
SP7 = Unrecognised(text="Service Pack 7")


def sp(name: str) -> Exists[ServicePack]:
    """A service pack as it was read."""
    return Exists(value=ServicePack(name))


def keys(*names: str) -> Exists[tuple[str, ...]]:
    """Hotfix keys as they were read."""
    return Exists(value=names)


def verdict(found: SystemCharacteristics) -> str:
    """Write the one finding as ``status build justification``."""
    (finding,) = evaluate(RULE, found)
    parts = (finding.status, finding.build, finding.justification)
    return " ".join(part for part in parts if part is not None)


OTHER_SYSTEM = "not_affected other_operating_system"
ABSENT = "not_affected component_not_present"
NOT_LISTED = "not_affected {} product_not_listed"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        # another operating system
        (system(WINDOWS_2000), OTHER_SYSTEM),
        (
            system(
                versioned(
                    product_version="3.51.1057.1", product_version_string="3.51", **NO_FILE_VERSION
                )
            ),
            OTHER_SYSTEM,
        ),
        (
            system(
                versioned(
                    product_version=None, product_version_string="5.1.2600.0", **NO_FILE_VERSION
                )
            ),
            OTHER_SYSTEM,
        ),
        (system(image(machine="amd64")), OTHER_SYSTEM),
        (system(image(machine="arm")), OTHER_SYSTEM),
        (system(version=Exists(value="5.0")), OTHER_SYSTEM),
        (system(OLDER, version=Exists(value="3.1")), OTHER_SYSTEM),
        (system(OLDER, version=Exists(value="4.10")), OTHER_SYSTEM),
        (system(OLDER, version=Exists(value="6.4")), OTHER_SYSTEM),
        (system(OLDER, version=Exists(value="nonsense")), "affected older"),
        (system(versioned(product_version="5.0.2195.1")), "fixed the_fix"),
        (system(FIX, version=Exists(value="3.51")), OTHER_SYSTEM),
        (system(DAMAGED, version=Exists(value="5.1")), OTHER_SYSTEM),
        (system(FIX, version=Exists(value="4.0")), "fixed the_fix"),
        (system(FIX, version=CollectionFailed(message="damaged")), "fixed the_fix"),
        # ... unless the resource says 4.0 as well, names no Windows, or the file is damaged
        (system(versioned(product_version_string="5.00")), "fixed the_fix"),
        (
            system(versioned(product_version="1.0.0.0", product_version_string="1.0")),
            "fixed the_fix",
        ),
        (system(image(machine="amd64", stored_checksum=1)), "undetermined"),
        (system(image(machine="0x1234")), "undetermined"),
        # no file
        (system(errors=(UNREADABLE,)), "undetermined"),
        (system(errors=(replace(UNREADABLE, file_name="sfmsrv.sys"),)), "undetermined"),
        (system(errors=(replace(UNREADABLE, file_name="other.sys"),)), ABSENT),
        (system(errors=(replace(UNREADABLE, decides=False),)), ABSENT),
        (system(), ABSENT),
        # product
        (system(OLDER, product=WORKSTATION), NOT_LISTED.format("older")),
        (system(FIX, product=TERMINAL_SERVER), "undetermined the_fix"),
        (system(OLDER, product=TERMINAL_SERVER), "undetermined older"),
        (system(OLDER, product=Unrecognised(text="HomeNT")), "undetermined older"),
        (system(OLDER, product=SERVER), "affected older"),
        (system(OLDER, product=ENTERPRISE), "affected older"),
        (system(OLDER, service_pack=Contradictory(message="6 and 4")), "affected older"),
        (system(JUST_NEWER, service_pack=Contradictory(message="6 and 4")), "undetermined newer"),
        (system(OLDER, product=DoesNotExist()), "affected older"),
        (
            system(OLDER, product=CollectionFailed(message="the hive is cut short")),
            "affected older",
        ),
        # a service pack that never existed
        (system(FIX, service_pack=SP7), "undetermined the_fix"),
        # a machine without a published fix
        (system(MIPS), "undetermined"),
        (system(image(machine="powerpc")), "undetermined"),
        # the builds
        (system(UNKNOWN), "undetermined unknown"),
        (system(DAMAGED), "undetermined unknown"),
        (system(NO_IMAGE), "undetermined unknown"),
        (system(FIX), "fixed the_fix"),
        (system(NEIGHBOUR), "undetermined neighbour"),
        (system(NEIGHBOUR, hotfix_keys=keys()), "undetermined neighbour"),
        (system(NEIGHBOUR, hotfix_keys=keys("Q241024")), "undetermined neighbour"),
        (system(NEIGHBOUR, hotfix_keys=keys("Q242896", "Q241024")), "undetermined neighbour"),
        (system(NEIGHBOUR, hotfix_keys=keys("Q242896")), "fixed neighbour"),
        (system(OLDER), "affected older"),
        (system(OLDER, hotfix_keys=keys("Q242896")), "affected older"),
        (system(OLDER, service_pack=sp("SP3")), "affected older"),
        (system(FIX, service_pack=sp("SP1")), "fixed the_fix"),
        # newer, before and after SP6a was out
        (system(MUCH_NEWER), "fixed newer"),
        (system(MUCH_NEWER, service_pack=sp("SP6a")), "fixed newer"),
        (system(LAST_MOMENT), "undetermined newer"),
        (system(JUST_NEWER), "undetermined newer"),
        (system(JUST_NEWER, hotfix_keys=keys("Q242896")), "undetermined newer"),
        (system(JUST_NEWER, service_pack=NOT_COLLECTED), "undetermined newer"),
        (system(JUST_NEWER, service_pack=DoesNotExist()), "undetermined newer"),
        (system(JUST_NEWER, service_pack=sp("RTM")), "fixed newer"),
        (system(JUST_NEWER, service_pack=sp("SP5")), "fixed newer"),
        (system(JUST_NEWER, service_pack=sp("SP6")), "undetermined newer"),
        (system(JUST_NEWER, service_pack=sp("SP6a")), "undetermined newer"),
    ],
)
def test_each_row_of_the_status_table(found: SystemCharacteristics, expected: str) -> None:
    """Each row decides the case that it was written for."""
    assert verdict(found) == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (system(WINDOWS_2000, product=WORKSTATION), OTHER_SYSTEM),
        (system(WINDOWS_2000, service_pack=SP7), OTHER_SYSTEM),
        (system(product=WORKSTATION, errors=(UNREADABLE,)), "undetermined"),
        (system(product=WORKSTATION), ABSENT),
        (system(FIX, errors=(UNREADABLE,)), "fixed the_fix"),
        (system(OLDER, product=WORKSTATION, service_pack=SP7), NOT_LISTED.format("older")),
        (system(MIPS, product=WORKSTATION), "not_affected product_not_listed"),
        (system(OLDER, product=TERMINAL_SERVER, service_pack=SP7), "undetermined older"),
        (system(DAMAGED, product=WORKSTATION), NOT_LISTED.format("unknown")),
        (system(MUCH_NEWER, service_pack=SP7), "undetermined newer"),
    ],
)
def test_the_rows_are_tried_from_the_top(found: SystemCharacteristics, expected: str) -> None:
    """Where two rows fit, the upper one decides."""
    assert verdict(found) == expected


def test_outside_windows_nt_a_missing_file_means_nothing() -> None:
    """A folder in which nothing is recognised has no finding."""
    assert evaluate(RULE, replace(SYSTEM, root=None, is_nt=False, files=())) == ()


def test_a_copy_that_does_not_decide_leaves_the_installed_file_missing() -> None:
    """A backup is shown, and the driver is still absent from the system."""
    absent, backup = evaluate(RULE, system(replace(OLDER, decides=False)))
    assert (absent.files, absent.decides, absent.justification) == (
        (),
        True,
        "component_not_present",
    )
    assert (backup.decides, backup.status) == (False, "affected")


@given(modified=st.none() | st.datetimes(timezones=st.just(UTC)))
def test_a_modification_time_never_changes_a_status(modified: datetime | None) -> None:
    """The file's date may be anything, or nothing: status and build stay."""
    for file in (OLDER, FIX, NEIGHBOUR, JUST_NEWER, MUCH_NEWER, UNKNOWN, DAMAGED):
        dated = replace(file, modified=modified)
        assert verdict(system(dated)) == verdict(system(file))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (system(OLDER), Behaviour.VULNERABLE),
        (system(FIX), Behaviour.FIXED),
        (system(MUCH_NEWER), Behaviour.FIXED),
        (system(JUST_NEWER), None),
        (system(NEIGHBOUR), None),
        (system(NEIGHBOUR, hotfix_keys=keys("Q242896")), None),
        (system(UNKNOWN), None),
        (system(), None),
        (system(WINDOWS_2000), None),
        (system(OLDER, product=WORKSTATION), Behaviour.VULNERABLE),
        (system(FIX, product=TERMINAL_SERVER), Behaviour.FIXED),
    ],
)
def test_the_demonstration_is_chosen_by_the_build(
    found: SystemCharacteristics, expected: Behaviour | None
) -> None:
    """The recognised build chooses what the driver model shows; the verdict does not."""
    (finding,) = evaluate(RULE, found)
    assert finding.behaviour is expected


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (FIX, ()),
        (DAMAGED, (Anomaly.CHECKSUM_MISMATCH,)),
        (build("i386", "1980-01-01T00:00:00Z", 134_416), (Anomaly.TIMESTAMP_IMPLAUSIBLE,)),
        (build("i386", "2000-03-01T00:00:00Z", 132_112), (Anomaly.SIZE_CONTRADICTS_LINK_TIME,)),
        (versioned(original_filename="OTHER.SYS"), (Anomaly.ORIGINAL_FILENAME_DIFFERS,)),
        (versioned(original_filename="sfmsrv.SYS"), ()),
    ],
)
def test_anomalies_of_the_file(file: FileItem, expected: tuple[Anomaly, ...]) -> None:
    """What a person should look at is named beside the verdict."""
    (finding,) = evaluate(RULE, system(file))
    assert finding.anomalies == expected


RTM_FILE = build("i386", "1996-10-12T05:14:22Z", 132_112)
SP5_FILE = build("i386", "1999-04-21T04:02:36Z", 132_976)
INSTALLED = PendingRename(
    source=r"C:\TEMP\EXT1.tmp", destination=r"C:\WINNT\System32\drivers\SFMSRV.SYS"
)
DELETED = PendingRename(source=r"C:\WINNT\system32\drivers\sfmsrv.sys", destination=None)
MOVED_AWAY = PendingRename(
    source=r"C:\WINNT\system32\drivers\sfmsrv.sys", destination=r"C:\TEMP\old.sys"
)
ELSEWHERE = PendingRename(source=r"C:\TEMP\sfmsrv.sys", destination=r"C:\WINNT\notsfmsrv.sys")


def waiting(*renames: PendingRename) -> Exists[tuple[PendingRename, ...]]:
    """Renames that wait for the next start, as they were read."""
    return Exists(value=renames)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (system(OLDER, hotfix_keys=keys("Q242896")), ["hotfix_key_without_file"]),
        (system(OLDER, hotfix_keys=keys("Q241024")), []),
        (system(OLDER, hotfix_keys=keys()), []),
        (system(FIX, hotfix_keys=keys()), ["file_without_hotfix_key"]),
        (system(FIX, hotfix_keys=keys("Q242896")), []),
        (system(FIX), []),
        (system(RTM_FILE, service_pack=sp("RTM")), []),
        (system(RTM_FILE, service_pack=sp("SP1")), ["service_pack_not_reapplied"]),
        (system(SP5_FILE, service_pack=sp("SP5")), []),
        (system(SP5_FILE, service_pack=sp("SP4")), []),
        (system(SP5_FILE, service_pack=sp("SP6a")), ["service_pack_not_reapplied"]),
        (system(RTM_FILE), []),
        (
            system(RTM_FILE, service_pack=sp("SP6a"), hotfix_keys=keys("Q242896")),
            ["hotfix_key_without_file", "service_pack_not_reapplied"],
        ),
        (system(OLDER, pending_renames=waiting(INSTALLED)), ["pending_rename"]),
        (system(OLDER, pending_renames=waiting(DELETED)), ["pending_rename"]),
        (system(OLDER, pending_renames=waiting(MOVED_AWAY)), ["pending_rename"]),
        (system(OLDER, pending_renames=waiting(ELSEWHERE)), []),
        (system(OLDER, pending_renames=waiting()), []),
        (
            system(missing_images=("sfmsrv.sys",)),
            ["image_path_missing"],
        ),
    ],
)
def test_anomalies_of_the_system(found: SystemCharacteristics, expected: list[str]) -> None:
    """What the registry says beside the file is named, and changes no status."""
    (finding,) = evaluate(RULE, found)
    assert list(finding.anomalies) == expected


def service(name: str, start: str | None, *needs: str) -> Service:
    """A service as it was read."""
    return Service(
        name=name,
        start=DoesNotExist() if start is None else Exists(value=ServiceStart(start)),
        image_path=DoesNotExist(),
        depends_on=Exists(value=needs) if needs else DoesNotExist(),
    )


def installed(*services: Service, others: tuple[Service, ...] = ()) -> SystemCharacteristics:
    """A system with the fix and these services."""
    return system(FIX, services=Exists(value=services), dependents=Exists(value=others))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (system(FIX), None),
        (system(FIX, services=CollectionFailed(message="damaged")), None),
        (installed(), "not_installed"),
        (installed(service("AppleTalk", "automatic")), "not_installed"),
        (installed(service("MacSrv", "manual")), "manual"),
        (installed(service("MACSRV", "manual")), "manual"),
        (installed(service("MacSrv", "system")), "starts_with_system"),
        (installed(service("MacSrv", "disabled")), "disabled"),
        (installed(service("MacSrv", None)), None),
        (
            installed(service("MacSrv", "manual"), service("MacFile", "automatic", "MacSrv")),
            "starts_with_system",
        ),
        (
            installed(service("MacSrv", "disabled"), service("MacFile", "automatic", "MacSrv")),
            "disabled",
        ),
        (
            installed(service("MacSrv", "manual"), service("MacFile", "disabled", "MacSrv")),
            "manual",
        ),
        (
            installed(service("MacSrv", "manual"), service("MacPrint", "automatic", "AppleTalk")),
            "manual",
        ),
        (
            installed(
                service("MacSrv", "manual"),
                service("MacFile", "manual", "MacSrv"),
                others=(service("Gateway", "automatic", "Spooler", "MACFILE"),),
            ),
            "starts_with_system",
        ),
    ],
)
def test_exposure_is_the_earliest_start_of_what_needs_the_driver(
    found: SystemCharacteristics, expected: str | None
) -> None:
    """A service that needs the driver starts it; a disabled driver never starts."""
    (finding,) = evaluate(RULE, found)
    assert finding.exposure == expected


@pytest.mark.parametrize(
    ("reading", "name", "expected"),
    [
        (sp("SP6a"), "service_pack", Result.TRUE),
        (sp("SP2"), "service_pack", Result.UNKNOWN),
        (SP7, "service_pack", Result.UNKNOWN),
        (Contradictory(message="6 and 4"), "service_pack", Result.UNKNOWN),
        (NOT_COLLECTED, "service_pack", Result.NOT_EVALUATED),
        (DoesNotExist(), "service_pack", Result.UNKNOWN),
        (CollectionFailed(message="damaged"), "service_pack", Result.ERROR),
        (SERVER, "product", Result.TRUE),
        (TERMINAL_SERVER, "product", Result.FALSE),
        (NOT_COLLECTED, "product", Result.NOT_EVALUATED),
        (DoesNotExist(), "product", Result.UNKNOWN),
        (CollectionFailed(message="damaged"), "product", Result.ERROR),
        (keys("Q242896"), "hotfix_keys", Result.TRUE),
        (keys("Q241024"), "hotfix_keys", Result.FALSE),
        (DoesNotExist(), "hotfix_keys", Result.UNKNOWN),
        (NOT_COLLECTED, "hotfix_keys", Result.NOT_EVALUATED),
        (CollectionFailed(message="damaged"), "hotfix_keys", Result.ERROR),
    ],
)
def test_what_was_not_collected_is_told_from_what_is_not_there(
    reading: Reading[object], name: str, expected: Result
) -> None:
    """Not collected, not there, and not readable give three different results."""
    (finding,) = evaluate(RULE, system(FIX, **{name: reading}))
    results = {criterion.name: criterion.result for criterion in finding.criteria}
    assert results[name.removesuffix("s")] is expected


def test_every_criterion_explains_itself() -> None:
    """No criterion is without an explanation, and each stands once."""
    (finding,) = evaluate(RULE, system(OLDER, service_pack=sp("SP2"), product=SERVER))
    assert all(criterion.explanation for criterion in finding.criteria)
    names = [criterion.name for criterion in finding.criteria]
    assert len(names) == len(set(names))
    assert Build.OLDER is finding.build


@pytest.mark.parametrize(
    ("start", "expected"), [("manual", None), ("system", "starts_with_system")]
)
def test_an_unread_service_leaves_the_exposure_open(start: str, expected: str | None) -> None:
    """A service that could not be read may start the driver: manual is not claimed."""
    services = Exists(value=(service("MacSrv", start),))
    found = system(FIX, services=services, dependents=CollectionFailed(message="damaged"))
    (finding,) = evaluate(RULE, found)
    assert finding.exposure == expected


def test_what_the_system_says_is_said_of_no_copy() -> None:
    """A backup is older by its nature; a hotfix key says nothing about it."""
    backup = replace(RTM_FILE, decides=False)
    found = system(FIX, backup, hotfix_keys=keys("Q242896"), service_pack=sp("SP5"))
    assert [finding.anomalies for finding in evaluate(RULE, found)] == [(), ()]


def test_a_release_for_another_machine_is_not_this_one() -> None:
    """A size that an Intel release has says nothing about a file for Alpha."""
    alpha = build("alpha", "1996-10-12T05:14:22Z", 132_112)
    (finding,) = evaluate(RULE, system(alpha, service_pack=sp("SP5")))
    assert finding.anomalies == ()
