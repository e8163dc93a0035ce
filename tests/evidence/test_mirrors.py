"""The two halves of a mirror: one system where they agree, two where they do not."""

import pytest
from msgspec.structs import replace

from fixtures.characteristics import FILE, SYSTEM
from ntscan.evidence.characteristics import CollectionError, SystemCharacteristics
from ntscan.evidence.mirrors import join_mirrors
from ntscan.evidence.reading import Exists
from ntscan.sources.description import Mirror, VolumeDescription
from ntscan.vocabulary import ServicePack, Stage


def half(partition: int, other: int, **changes: object) -> SystemCharacteristics:
    """A system on one half of a mirror."""
    volume = VolumeDescription(
        partition=partition,
        offset=partition * 512,
        length=1 << 20,
        type="0x87",
        filesystem="NTFS 1.2",
        letter="C:",
        mirror=Mirror(partition=other, agrees=None),
    )
    files = tuple(
        replace(file, volume=volume, place=(f"partition{partition}", *file.place))
        for file in SYSTEM.files
    )
    fields: dict[str, object] = {"files": files, "volume": volume} | changes
    return replace(SYSTEM, **fields)


def agreements(*systems: SystemCharacteristics) -> list[tuple[int, bool | None]]:
    """The partitions that are left, each with whether its mirror agrees."""
    return [
        (system.volume.partition, system.volume.mirror.agrees)
        for system in join_mirrors(systems)
        if system.volume is not None and system.volume.mirror is not None
    ]


def test_halves_that_agree_are_one_system() -> None:
    """The second half is left out, and the first says that it was compared."""
    assert agreements(half(1, 2), half(2, 1)) == [(1, True)]


ERROR = CollectionError(path="x", stage=Stage.READ, message="m", file_name=None, decides=True)
DIFFERENCES = [
    pytest.param({"files": ()}, id="no driver"),
    pytest.param({"files": (replace(FILE, size=1),)}, id="another driver"),
    pytest.param({"errors": (ERROR,)}, id="one half unreadable"),
    pytest.param({"missing_images": ("sfmsrv.sys",)}, id="a missing image"),
    pytest.param(
        {"registry": replace(SYSTEM.registry, service_pack=Exists(value=ServicePack.SP5))},
        id="another service pack",
    ),
]


@pytest.mark.parametrize("difference", DIFFERENCES)
def test_halves_that_differ_stay_two_and_say_so(difference: dict[str, object]) -> None:
    """Which half was started from last nobody knows, so both are shown, each with the anomaly."""
    assert agreements(half(1, 2), half(2, 1, **difference)) == [(1, False), (2, False)]


def test_a_half_that_the_other_half_knows_nothing_of_does_not_agree() -> None:
    """Where the other half can be read and holds no system, the mirror was broken."""
    assert agreements(half(1, 2)) == [(1, False)]


def test_another_root_on_the_other_half_is_no_twin() -> None:
    """Two systems on one mirror are compared each with itself on the other half."""
    other = replace(half(2, 1), root=r"C:\WINNT2")
    assert agreements(half(1, 2), other) == [(1, False), (2, False)]


def test_two_systems_on_one_mirror_are_each_told_once() -> None:
    """Systems are paired by their roots, whatever the order."""
    second = [replace(half(*halves), root=r"C:\WINNT2") for halves in ((1, 2), (2, 1))]
    joined = join_mirrors([half(1, 2), second[0], half(2, 1), second[1]])
    assert [(system.root, system.volume) for system in joined] == [
        (r"C:\WINNT", joined[0].volume),
        (r"C:\WINNT2", joined[0].volume),
    ]


def test_a_system_on_no_mirror_stays_as_it_is() -> None:
    """What no disk image holds has no other half."""
    assert join_mirrors([SYSTEM]) == (SYSTEM,)
