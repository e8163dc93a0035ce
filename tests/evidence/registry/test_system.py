"""From a system's hives to its product, service pack, hotfixes and services."""

import io
from dataclasses import replace
from itertools import product as combinations
from typing import BinaryIO, Final, Literal

import pytest
from msgspec import structs

from fixtures.nt_system_hives import (
    SFM,
    NTControlSet,
    NTService,
    NTSystem,
    nt_system,
    software_tree,
    system_tree,
)
from fixtures.registry_data import Tree, reg_dword, reg_sz
from fixtures.registry_hive import build_hive
from ntscan.errors import SourceError
from ntscan.evidence.reading import (
    NOT_COLLECTED,
    CollectionFailed,
    Contradictory,
    DoesNotExist,
    Exists,
    Reading,
    Unrecognised,
)
from ntscan.evidence.registry.system import collect_system
from ntscan.evidence.system_evidence import PendingRename, SystemEvidence
from ntscan.vocabulary import Product, ServicePack, ServiceStart

_PRODUCTS: Final = (
    ("WinNT", (), Product.WORKSTATION),
    ("ServerNT", (), Product.SERVER),
    ("LanmanNT", (), Product.SERVER),
    ("LANMANNT", ("enterprise",), Product.ENTERPRISE),
    ("ServerNT", ("Enterprise",), Product.ENTERPRISE),
    ("ServerNT", ("Small Business", "Enterprise"), Product.ENTERPRISE),
    ("ServerNT", ("Terminal Server",), Product.TERMINAL_SERVER),
    ("ServerNT", ("Enterprise", "Terminal Server"), Product.TERMINAL_SERVER),
)
_HOTFIXES: Final[tuple[tuple[dict[str, int | None], tuple[str, ...]], ...]] = (
    ({}, ()),
    ({"Q242896": 1}, ("Q242896",)),
    ({"q242896": 1, "Q241024": 0, "Q240864": 2, "Q239132": None}, ("Q242896",)),
)


def _read(system: NTSystem, minor_version: Literal[2, 3] = 3) -> SystemEvidence:
    return collect_system(
        service_names=SFM,
        system=_file(build_hive(system_tree(system), minor_version=minor_version)),
        software=_file(build_hive(software_tree(system), minor_version=minor_version)),
    )


def _file(hive: bytes) -> Exists[BinaryIO]:
    return Exists(value=io.BytesIO(hive))


@pytest.mark.parametrize("minor_version", [2, 3])
@pytest.mark.parametrize(
    ("product", "service_pack", "hotfixes"), list(combinations(_PRODUCTS, ServicePack, _HOTFIXES))
)
def test_product_service_pack_and_hotfixes_are_told(
    product: tuple[str, tuple[str, ...], Product],
    service_pack: ServicePack,
    hotfixes: tuple[dict[str, int | None], tuple[str, ...]],
    minor_version: Literal[2, 3],
) -> None:
    """Each product is told at each service pack; a hotfix key counts when Installed is 1."""
    product_type, suites, expected_product = product
    keys, expected_keys = hotfixes
    control_set = NTControlSet(product_type=product_type, product_suites=suites)
    evidence = _read(nt_system(service_pack, control_set, keys), minor_version)
    sp6a_key = ("Q246009",) if service_pack is ServicePack.SP6A else ()

    assert evidence.product == Exists(value=expected_product)
    assert evidence.service_pack == Exists(value=service_pack)
    assert evidence.hotfix_keys == Exists(value=expected_keys + sp6a_key)
    assert evidence.failures == ()


@pytest.mark.parametrize(
    ("csd_version", "csd_number", "hotfixes", "expected"),
    [
        ("Service Pack 4 RC 1.2", 0x400, {}, Exists(value=ServicePack.SP4)),
        ("Service Pack 6, RC 1.5", 0x600, {"Q246009": 1}, Exists(value=ServicePack.SP6A)),
        ("service pack 3 ", 0x300, {}, Exists(value=ServicePack.SP3)),
        ("Service Pack 6", 0x600, {"Q246009": 0}, Exists(value=ServicePack.SP6)),
        ("Service Pack 6", 0x600, {"Q246009": None}, Exists(value=ServicePack.SP6)),
        ("Service Pack 5", 0x500, {"Q246009": 1}, Exists(value=ServicePack.SP5)),
        ("Service Pack 6a", 0x600, {}, Exists(value=ServicePack.SP6A)),
        ("Service Pack 6", None, {}, Exists(value=ServicePack.SP6)),
        (None, None, {}, Exists(value=ServicePack.RTM)),
        (None, 0, {}, Exists(value=ServicePack.RTM)),
        ("", 0, {}, Exists(value=ServicePack.RTM)),
        ("Service Pack 7", 0x700, {}, Unrecognised(text="Service Pack 7")),
        ("Service Pack 7", None, {}, Unrecognised(text="Service Pack 7")),
        ("Service Pack 0", 0, {}, Unrecognised(text="Service Pack 0")),
        ("Service Pack 16", None, {}, Unrecognised(text="Service Pack 16")),
        ("Service Pack 6b", None, {}, Unrecognised(text="Service Pack 6b")),
        ("Service Pack 4 and more", None, {}, Unrecognised(text="Service Pack 4 and more")),
        ("Servicepaket", None, {}, Unrecognised(text="Servicepaket")),
        (None, 0x600, {}, "SOFTWARE says RTM, and the hive SYSTEM 0x600"),
        ("Service Pack 4", 0x600, {}, "SOFTWARE says SP4, and the hive SYSTEM 0x600"),
        ("Service Pack 6", 0x500, {"Q246009": 1}, "SOFTWARE says SP6, and the hive SYSTEM 0x500"),
    ],
)
def test_service_pack_is_told_by_its_text(
    csd_version: str | None,
    csd_number: int | None,
    hotfixes: dict[str, int | None],
    expected: Reading[ServicePack] | str,
) -> None:
    """A release candidate's text counts, one unheard of is kept, and a contradiction is said."""
    system = NTSystem(
        control_sets={1: NTControlSet(csd_number=csd_number)},
        csd_version=csd_version,
        hotfixes=hotfixes,
    )
    found = _read(system).service_pack

    if isinstance(expected, str):
        assert isinstance(found, Contradictory)
        assert expected in found.message
    else:
        assert found == expected


@pytest.mark.parametrize(
    ("csd_number", "expected"),
    [
        (0, Exists(value=ServicePack.RTM)),
        (0x100, Exists(value=ServicePack.SP1)),
        (0x500, Exists(value=ServicePack.SP5)),
        (0x600, NOT_COLLECTED),
        (0x700, Unrecognised(text="CSDVersion 0x700")),
        (0x5, Unrecognised(text="CSDVersion 0x5")),
        (None, NOT_COLLECTED),
    ],
)
def test_service_pack_is_told_by_its_number_without_a_software_hive(
    csd_number: int | None, expected: Reading[ServicePack]
) -> None:
    """The number alone tells a service pack, but for that of SP6, which SP6a has too."""
    system = NTSystem(control_sets={1: NTControlSet(csd_number=csd_number)})
    hive = _file(build_hive(system_tree(system)))

    evidence = collect_system(service_names=SFM, system=hive, software=NOT_COLLECTED)
    assert evidence.service_pack == expected


@pytest.mark.parametrize(
    ("product_type", "expected"),
    [
        (None, DoesNotExist()),
        ("", Unrecognised(text="ProductType ")),
        ("WinCE", Unrecognised(text="ProductType WinCE")),
    ],
)
def test_product_that_is_none_is_not_guessed(
    product_type: str | None, expected: Reading[Product]
) -> None:
    """A ProductType that is missing or unknown names no product."""
    system = nt_system(ServicePack.SP6, NTControlSet(product_type=product_type))
    assert _read(system).product == expected


@pytest.mark.parametrize("current", [1, 2, 3, 12])
def test_current_control_set_is_the_one_that_counts(current: int) -> None:
    """Everything is read from the control set that Select names, whatever the others say."""
    other = NTControlSet(product_type="WinNT", csd_number=0, services={}, computer_name="OTHER")
    sets = dict.fromkeys((1, 2, 3, 12), other) | {current: NTControlSet()}
    evidence = _read(NTSystem(control_sets=sets, current=current))

    assert evidence.product == Exists(value=Product.SERVER)
    assert evidence.computer_name == Exists(value="PLANT7")
    assert evidence.service_pack == Exists(value=ServicePack.SP6)
    assert isinstance(evidence.services, Exists)
    assert [service.name for service in evidence.services.value] == list(SFM)


@pytest.mark.parametrize("current", [0, 4, 0xFFFFFFFF])
def test_control_set_that_does_not_exist_cannot_be_read(current: int) -> None:
    """Where Select names a control set that is not there, none other is taken for it."""
    evidence = _read(NTSystem(current=current))

    assert isinstance(evidence.product, CollectionFailed)
    assert isinstance(evidence.services, CollectionFailed)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (0, Exists(value=ServiceStart.BOOT)),
        (1, Exists(value=ServiceStart.SYSTEM)),
        (2, Exists(value=ServiceStart.AUTOMATIC)),
        (3, Exists(value=ServiceStart.MANUAL)),
        (4, Exists(value=ServiceStart.DISABLED)),
        (5, Unrecognised(text="Start 5")),
        (None, DoesNotExist()),
    ],
)
def test_service_has_its_start(start: int | None, expected: Reading[ServiceStart]) -> None:
    """Start is one of five; another number is kept as it is."""
    services = {"MACSRV": NTService(start=start, image_path=r"X:\my.sys", depends_on=("A", "B"))}
    evidence = _read(nt_system(ServicePack.SP6, NTControlSet(services=services)))

    assert isinstance(evidence.services, Exists)
    (service,) = evidence.services.value
    assert service.name == "MacSrv"
    assert service.start == expected
    assert service.image_path == Exists(value=r"X:\my.sys")
    assert service.depends_on == Exists(value=("A", "B"))


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ({}, []),
        ({"Other": ("Spooler",)}, []),
        ({"Gateway": ("macsrv",)}, ["Gateway"]),
        ({"Gateway": ("Spooler", "MacFile")}, ["Gateway"]),
        ({"First": ("Second",), "Second": ("MacSrv",)}, ["First", "Second"]),
        ({"First": ("Second",), "Second": ("First",)}, []),
    ],
)
def test_services_that_depend_on_sfm_are_found(
    others: dict[str, tuple[str, ...]], expected: list[str]
) -> None:
    """A service that needs one of SFM's is found, through others too; a circle ends."""
    more = {name: NTService(depends_on=needs) for name, needs in others.items()}
    evidence = _read(nt_system(ServicePack.SP6, NTControlSet(services={**SFM, **more})))

    assert isinstance(evidence.dependents, Exists)
    assert [service.name for service in evidence.dependents.value] == expected


def test_a_service_whose_dependencies_cannot_be_read_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It could depend on SFM: the others are not passed off as all there are."""
    failed = CollectionFailed(message="its data is damaged")
    monkeypatch.setattr("ntscan.evidence.registry.services.texts", lambda *_: failed)
    evidence = _read(nt_system(ServicePack.SP6))

    assert evidence.dependents == failed
    assert failed.message in evidence.failures


def test_services_of_sfm_as_its_setup_leaves_them() -> None:
    """The driver is manual and the file server, which depends on it, automatic."""
    evidence = _read(nt_system(ServicePack.SP6, NTControlSet(services=SFM)))

    assert isinstance(evidence.services, Exists)
    driver, file_server, _, _ = evidence.services.value
    assert driver.start == Exists(value=ServiceStart.MANUAL)
    assert driver.depends_on == DoesNotExist()
    assert file_server.depends_on == Exists(value=("MacSrv", "AppleTalk"))


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ((), DoesNotExist()),
        (
            ((r"C:\T\a.sys", r"C:\WINNT\a.sys"), (r"C:\T\b", "")),
            Exists(
                value=(
                    PendingRename(source=r"C:\T\a.sys", destination=r"C:\WINNT\a.sys"),
                    PendingRename(source=r"C:\T\b", destination=None),
                )
            ),
        ),
        (
            ((r"C:\T\b", ""), (r"C:\T\a.sys", r"C:\WINNT\a.sys")),
            Exists(
                value=(
                    PendingRename(source=r"C:\T\b", destination=None),
                    PendingRename(source=r"C:\T\a.sys", destination=r"C:\WINNT\a.sys"),
                )
            ),
        ),
    ],
)
def test_pending_renames_are_pairs(
    operations: tuple[tuple[str, str], ...], expected: Reading[tuple[PendingRename, ...]]
) -> None:
    """A file to be deleted has no destination, and does not end the list."""
    system = nt_system(ServicePack.SP6, NTControlSet(pending_renames=operations))
    assert _read(system).pending_renames == expected


@pytest.mark.parametrize("bias", [-720, -60, 0, 480])
def test_time_bias_is_signed(bias: int) -> None:
    """Zones east of Greenwich have a negative bias."""
    system = nt_system(ServicePack.SP6, NTControlSet(active_time_bias=bias))
    assert _read(system).active_time_bias == Exists(value=bias)


@pytest.mark.parametrize(
    ("build_number", "expected"),
    [
        ("1381", Exists(value=1381)),
        (" 2195 ", Exists(value=2195)),
        ("", Unrecognised(text="CurrentBuildNumber ")),
        ("1381a", Unrecognised(text="CurrentBuildNumber 1381a")),
        ("-1", Unrecognised(text="CurrentBuildNumber -1")),
        ("١٣٨١", Unrecognised(text="CurrentBuildNumber ١٣٨١")),
        ("9" * 5000, Unrecognised(text="CurrentBuildNumber " + "9" * 5000)),
    ],
)
def test_build_is_a_number(build_number: str, expected: Reading[int]) -> None:
    """A build number is a few digits; anything else is kept as it is."""
    evidence = _read(replace(nt_system(ServicePack.SP6), build_number=build_number))
    assert evidence.build == expected


def test_version_and_system_root_are_read() -> None:
    """The version of Windows NT and its folder come from the SOFTWARE hive."""
    evidence = _read(replace(nt_system(ServicePack.SP6), version="5.0", system_root=r"D:\NT"))

    assert evidence.version == Exists(value="5.0")
    assert evidence.system_root == Exists(value=r"D:\NT")


@pytest.mark.parametrize("dirty", ["SYSTEM", "SOFTWARE"])
def test_dirty_hive_is_read_and_named(dirty: str) -> None:
    """A dirty hive's values are used, and its name is said."""
    system = nt_system(ServicePack.SP6A)
    evidence = collect_system(
        service_names=SFM,
        system=_file(build_hive(system_tree(system), dirty=dirty == "SYSTEM")),
        software=_file(build_hive(software_tree(system), dirty=dirty == "SOFTWARE")),
    )

    assert evidence.dirty_hives == (dirty,)
    assert structs.replace(evidence, dirty_hives=()) == _read(system)


def test_hives_that_nobody_has_are_not_collected() -> None:
    """Without hives nothing is collected, and nothing failed."""
    evidence = collect_system(service_names=SFM, system=NOT_COLLECTED, software=NOT_COLLECTED)

    readings = {name: getattr(evidence, name) for name in SystemEvidence.__struct_fields__}
    assert readings.pop("dirty_hives") == ()
    assert set(readings.values()) == {NOT_COLLECTED}
    assert evidence.failures == ()


def test_damaged_hive_is_said_once_and_the_other_is_read() -> None:
    """One sentence says what is wrong with a hive; the other hive's values are there."""
    system = nt_system(ServicePack.SP6A)
    evidence = collect_system(
        service_names=SFM,
        system=_file(build_hive(system_tree(system))[:-1]),
        software=_file(build_hive(software_tree(system))),
    )

    (failure,) = evidence.failures
    assert failure.startswith("the hive SYSTEM is truncated")
    assert evidence.product == evidence.services == CollectionFailed(message=failure)
    assert evidence.service_pack == Exists(value=ServicePack.SP6A)


def test_file_that_could_not_be_opened_stays_what_it_is() -> None:
    """What the caller says of a file that it could not open is what every reading of it says."""
    failed = CollectionFailed(message=str(SourceError("is a folder")))
    evidence = collect_system(service_names=SFM, system=failed, software=failed)

    assert evidence.failures == ("is a folder",)
    assert evidence.service_pack == failed


_CURRENT_VERSION: Final[Tree] = {
    "CSDVersion": reg_dword(6),
    "CurrentBuildNumber": reg_dword(1381),
    "Hotfix": {"Q246009": {"Installed": reg_sz("1")}},
}


def test_value_of_another_type_is_not_guessed() -> None:
    """A number where a text should be is kept as it is; a text "1" installs no hotfix."""
    tree: Tree = {"Microsoft": {"Windows NT": {"CurrentVersion": _CURRENT_VERSION}}}
    evidence = collect_system(
        service_names=SFM, system=NOT_COLLECTED, software=_file(build_hive(tree))
    )

    assert evidence.service_pack == Unrecognised(text="CSDVersion is 6")
    assert evidence.build == Unrecognised(text="CurrentBuildNumber is 1381")
    assert evidence.hotfix_keys == Exists(value=())


@pytest.mark.parametrize("tree", [{}, {"Microsoft": {"Windows NT": {}}}])
def test_hive_of_something_else_holds_no_service_pack(tree: Tree) -> None:
    """A hive without the key CurrentVersion is not one of a system without a service pack."""
    evidence = collect_system(
        service_names=SFM, system=NOT_COLLECTED, software=_file(build_hive(tree))
    )

    assert evidence.service_pack == DoesNotExist()
    assert evidence.hotfix_keys == DoesNotExist()
