"""The parts of an image are found from any of them, and a gap between them is said."""

from pathlib import Path

import pytest

from fixtures.containers import qcow2_image
from ntscan.errors import SourceError
from ntscan.sources.containers.open import open_container
from ntscan.sources.containers.part_numbers import Digits, Letters, PartNumbers, Segments
from ntscan.sources.containers.parts import first_part, parts_of
from ntscan.vocabulary import ContainerFormat

_EWF = b"EVF\x09\x0d\x0a\xff\x00"


@pytest.mark.parametrize(
    ("numbers", "number", "end"),
    [
        (Digits(), 1, "001"),
        (Digits(), 999, "999"),
        (Digits(), 1000, "1000"),
        (Letters(), 0, "aa"),
        (Letters(), 26, "ba"),
        (Letters(), 675, "zz"),
        (Segments("E", is_lower=False), 1, "E01"),
        (Segments("E", is_lower=False), 99, "E99"),
        (Segments("E", is_lower=False), 100, "EAA"),
        (Segments("E", is_lower=False), 775, "EZZ"),
        (Segments("E", is_lower=False), 776, "FAA"),
        (Segments("E", is_lower=False), 14_971, "ZZZ"),
        (Segments("E", is_lower=True), 101, "eab"),
        (Segments("S", is_lower=True), 1, "s01"),
        (Segments("S", is_lower=False), 776, "TAA"),
    ],
)
def test_numbers(numbers: PartNumbers, number: int, end: str) -> None:
    """A number is spelled as the tools spell it, and read back."""
    assert numbers.spell(number) == end
    assert numbers.number(end) == number


@pytest.mark.parametrize(
    ("numbers", "end"),
    [
        (Digits(), ""), (Digits(), "01"), (Digits(), "0001"), (Digits(), "00001"),
        (Digits(), "\u0661\u0661\u0661"), (Letters(), "a"), (Letters(), "AA"), (Letters(), "aaa"),
        (Letters(), "a1"), (Segments("E", is_lower=False), "D01"),
        (Segments("E", is_lower=False), "e01"), (Segments("E", is_lower=True), "E01"),
        (Segments("E", is_lower=False), "F01"), (Segments("E", is_lower=False), "E0A"),
        (Segments("S", is_lower=False), "EAA"),
    ],
)  # fmt: skip
def test_ends_that_are_no_numbers(numbers: PartNumbers, end: str) -> None:
    """What no tool writes is no number."""
    assert numbers.number(end) is None


@pytest.mark.parametrize(
    ("names", "given", "first"),
    [
        ("d.001 d.002 d.003", "d.003", "d.001"),
        ("d.000 d.001", "d.001", "d.000"),
        ("d.001", "d.001", "d.001"),
        ("d.002 d.003", "d.003", "d.002"),  # the earliest that is there stands for the others
        ("d.001 d.003", "d.003", "d.001"),
        ("d.aa d.ab", "d.ab", "d.aa"),
        ("d.ab", "d.ab", "d.ab"),
        ("d.gz", "d.gz", "d.gz"),
        ("d", "d", "d"),
        ("d.img d.001", "d.img", "d.img"),
        ("e.001 d.002", "d.002", "d.002"),
        ("d.vmdk d-s001.vmdk", "d-s001.vmdk", "d.vmdk"),
        ("d.vmdk d-f012.vmdk", "d-f012.vmdk", "d.vmdk"),
        ("d.vmdk d-flat.vmdk", "d-flat.vmdk", "d.vmdk"),
        ("D.VMDK D-S001.VMDK", "D-S001.VMDK", "D.VMDK"),
        ("d-flat.vmdk", "d-flat.vmdk", "d-flat.vmdk"),
        ("d.vmdk d-2.vmdk", "d-2.vmdk", "d-2.vmdk"),
    ],
)
def test_the_first_part(tmp_path: Path, names: str, given: str, first: str) -> None:
    """Of every part the first is found, by the names that are there."""
    for name in names.split():
        (tmp_path / name).write_bytes(bytes(512))

    assert first_part(tmp_path / given) == tmp_path / first


@pytest.mark.parametrize(
    ("names", "given", "first"),
    [
        ("d.E01 d.E02", "d.E02", "d.E01"),
        ("d.e01 d.eaa", "d.eaa", "d.e01"),
        ("d.s01 d.s02", "d.s02", "d.s01"),
        ("d.E01 d.SAA", "d.SAA", "d.E01"),
        ("d.E02 d.E03", "d.E03", "d.E02"),
        ("d.EXE", "d.EXE", "d.EXE"),
    ],
)
def test_the_first_segment(tmp_path: Path, names: str, given: str, first: str) -> None:
    """The segments of an EWF image belong to the first."""
    for name in names.split():
        (tmp_path / name).write_bytes(_EWF + bytes(504))

    assert first_part(tmp_path / given) == tmp_path / first


def test_what_only_looks_like_a_part(tmp_path: Path) -> None:
    """A program beside an EWF image is no segment; a container of its own is no part."""
    (tmp_path / "d.E01").write_bytes(_EWF)
    (tmp_path / "d.EXE").write_bytes(b"MZ")
    (tmp_path / "d.001").write_bytes(bytes(512))
    (tmp_path / "d.002").write_bytes(qcow2_image(bytes(512)))

    assert first_part(tmp_path / "d.EXE") == tmp_path / "d.EXE"
    assert first_part(tmp_path / "d.002") == tmp_path / "d.002"


@pytest.mark.parametrize(
    ("names", "given", "missing"),
    [
        ("d.001 d.003", "d.001", "part d.002 is missing, and d.003 is there"),
        ("d.000 d.002", "d.002", "part d.001 is missing, and d.002 is there"),
        ("d.002 d.003", "d.002", "part d.001 is missing, and d.002 is there"),
        ("d.aa d.ac", "d.ac", "part d.ab is missing, and d.ac is there"),
    ],
)
def test_a_part_is_missing(tmp_path: Path, names: str, given: str, missing: str) -> None:
    """A part that is missing before others is named."""
    for name in names.split():
        (tmp_path / name).write_bytes(bytes(512))

    with pytest.raises(SourceError, match=missing):
        parts_of(tmp_path / given)
    with pytest.raises(SourceError, match=missing):
        open_container(tmp_path / given)


@pytest.mark.parametrize("first", ["001", "000", "aa"])
def test_a_split_disk(tmp_path: Path, first: str) -> None:
    """The parts of a raw disk follow each other without a gap, whichever was given."""
    numbers: PartNumbers = Letters() if first == "aa" else Digits(int(first))
    contents = (b"\1" * 1000, b"\2" * 1000, b"\3" * 7)
    paths = [tmp_path / f"d.{numbers.spell(numbers.first + n)}" for n in range(3)]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)

    for path in paths:
        with open_container(path) as opened:
            assert opened.format is ContainerFormat.SPLIT_RAW
            assert opened.files == tuple(map(str, paths))
            assert opened.size == 2007
            assert opened.read_at(0, 9999) == b"".join(contents)
            assert opened.read_at(999, 1002) == b"\1" + contents[1] + b"\3"


@pytest.mark.parametrize("sizes", [(1000, 999, 1000), (1000, 1001)])
def test_a_part_of_another_size(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    """A part that was cut short would move what follows; it is refused by its name."""
    for number, size in enumerate(sizes, start=1):
        (tmp_path / f"d.{number:03}").write_bytes(bytes(size))

    with pytest.raises(SourceError, match=r"part d\.002 holds"):
        open_container(tmp_path / "d.001")


def test_a_container_cut_into_parts(tmp_path: Path) -> None:
    """A container that was cut like a raw disk is to be joined first."""
    image = qcow2_image(b"NT" * 256)
    (tmp_path / "d.001").write_bytes(image[:65_536])
    (tmp_path / "d.002").write_bytes(image[65_536:])

    with pytest.raises(SourceError, match="qcow2 image cut into 2 parts; join them"):
        open_container(tmp_path / "d.002")


def test_more_parts_than_files_that_may_be_open(tmp_path: Path) -> None:
    """A disk in hundreds of parts takes few open files, in whatever order it is read."""
    resource = pytest.importorskip("resource", reason="lacks the module resource (not on Windows)")
    for number in range(300):
        (tmp_path / f"d.{number:03}").write_bytes(number.to_bytes(2, "big") * 256)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, limits[1]))
    try:
        with open_container(tmp_path / "d.000") as opened:
            for number in (299, 0, 150, *range(300)):
                assert opened.read_at(number * 512, 2) == number.to_bytes(2, "big")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
