"""The checksum is the one that NT computes, as another hand computes it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import pefile
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.pe_headers import CHECKSUM_OFFSET
from fixtures.pe_image import ALPHA, I386, PERecipe, VersionResource, build_pe_image
from fixtures.sfmsrv import PUBLISHED_BUILDS, PublishedBuild
from ntscan.evidence.image.image_checksum import image_checksum
from ntscan.evidence.image.pe_image import read_pe_image

_PLAIN: Final = PERecipe(time_date_stamp=datetime(1999, 9, 30, tzinfo=UTC))
_NEEDED: Final = len(build_pe_image(_PLAIN))


def _by_pefile(image: bytes) -> int:
    checksum: int = pefile.PE(data=image, fast_load=True).generate_checksum()
    return checksum


@pytest.mark.parametrize("build", PUBLISHED_BUILDS, ids=lambda build: build.name)
def test_checksum_of_a_published_build_is_pefile_s(build: PublishedBuild) -> None:
    """An image of the size of every published build has the checksum that pefile computes."""
    image = build_pe_image(build.recipe)

    assert read_pe_image(image).computed_checksum == _by_pefile(image)


@pytest.mark.parametrize("machine", [I386, ALPHA])
@pytest.mark.parametrize("version", [None, VersionResource()])
@pytest.mark.parametrize("extra", range(9))
def test_checksum_of_any_size_is_pefile_s(
    machine: int, version: VersionResource | None, extra: int
) -> None:
    """Sizes that are no multiple of 2, 4 or 8 end in a word that is filled up with zero."""
    image = build_pe_image(replace(_PLAIN, machine=machine, version=version, size=_NEEDED + 64))
    image += bytes(range(0xF0, 0xF0 + extra))

    assert read_pe_image(image).computed_checksum == _by_pefile(image)


@given(tail=st.binary(max_size=9000))
def test_checksum_of_any_bytes_is_pefile_s(tail: bytes) -> None:
    """Whatever follows an image, the checksum is pefile's."""
    image = build_pe_image(_PLAIN) + tail

    assert read_pe_image(image).computed_checksum == _by_pefile(image)


@pytest.mark.parametrize("length", [4, 5, 4096, 8193])
@pytest.mark.parametrize("zero", [0, 0xFFFF])
def test_a_sum_of_zero_is_written_in_two_ways(length: int, zero: int) -> None:
    """One's complement has two zeros; the one that the image already states is taken."""
    assert image_checksum(bytes(length), 0, stored=length + zero) == length + zero


def test_the_field_itself_does_not_count() -> None:
    """Whatever stands in the CheckSum field, the checksum is the same."""
    image = build_pe_image(_PLAIN)
    other = image[:CHECKSUM_OFFSET] + b"\xff\x12\x34\x56" + image[CHECKSUM_OFFSET + 4 :]

    assert read_pe_image(other).computed_checksum == read_pe_image(image).computed_checksum
