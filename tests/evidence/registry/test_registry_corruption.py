"""Whatever is done to a hive's bytes, it gives values or says what is wrong, and soon."""

import io
import random
import re
import struct
import time
from collections.abc import Callable
from typing import Final, Literal

import pytest

from fixtures.hive_base_block import with_checksum
from fixtures.nt_system_hives import SFM, NTControlSet, nt_system, software_tree, system_tree
from fixtures.registry_hive import build_hive
from ntscan.evidence.reading import Exists
from ntscan.evidence.registry.system import collect_system
from ntscan.evidence.system_evidence import SystemEvidence
from ntscan.vocabulary import ServicePack

_CORRUPTIONS: Final = 3000
_SECONDS_EACH: Final = 2
_SIGNATURES: Final = re.compile(rb"nk|vk|lf|li|sk")
_BINS: Final = 4096  # where the hive bins begin

_RECIPE: Final = nt_system(
    ServicePack.SP6A,
    NTControlSet(product_suites=("Enterprise",), pending_renames=((r"C:\new", r"C:\old"),)),
    {"Q242896": 1, "Q241024": 1},
)
_HIVES: Final = {
    version: (
        build_hive(system_tree(_RECIPE), minor_version=version),
        build_hive(software_tree(_RECIPE), minor_version=version),
    )
    for version in (2, 3)
}


def _flip_bits(hive: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 2, 8, 64))):
        hive[chance.randrange(_BINS, len(hive))] ^= 1 << chance.randrange(8)


def _overwrite_numbers(hive: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 2, 8))):
        at = chance.randrange(_BINS, len(hive), 4)
        number = chance.choice((0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, chance.getrandbits(32)))
        struct.pack_into("<I", hive, at, number)


def _make_circular(hive: bytearray, chance: random.Random) -> None:
    """Let offsets in keys, values and lists lead to other cells, or to their own."""
    cells = [match.start() for match in _SIGNATURES.finditer(hive, _BINS)]
    for _ in range(chance.choice((1, 2, 8))):
        cell, target = chance.choice(cells), chance.choice(cells)
        field = cell + chance.choice((4, 8, 12, 16, 28, 40, 44))
        struct.pack_into("<I", hive, min(field, len(hive) - 4), target - 4 - _BINS)


def _truncate(hive: bytearray, chance: random.Random) -> None:
    del hive[chance.randrange(len(hive)) :]


def _truncate_bins(hive: bytearray, chance: random.Random) -> None:
    """Cut the hive at a bin, and let its header say so."""
    del hive[chance.randrange(_BINS, len(hive), 4096) :]
    struct.pack_into("<I", hive, 40, len(hive) - _BINS)


def _change_header(hive: bytearray, chance: random.Random) -> None:
    hive[chance.randrange(48)] = chance.getrandbits(8)


def _move_block(hive: bytearray, chance: random.Random) -> None:
    length = chance.randrange(1, 256)
    source, target = (chance.randrange(_BINS, len(hive) - length) for _ in range(2))
    hive[target : target + length] = hive[source : source + length]


_WAYS: Final = (
    _flip_bits,
    _overwrite_numbers,
    _make_circular,
    _truncate,
    _truncate_bins,
    _change_header,
    _move_block,
)


def _sealed(hive: bytes) -> bytes:
    """Give a hive the checksum of its header, so that it is not refused for that alone."""
    return with_checksum(hive) if len(hive) >= _BINS else hive


def _collect(system: bytes, software: bytes) -> SystemEvidence:
    return collect_system(
        service_names=SFM,
        system=Exists(value=io.BytesIO(system)),
        software=Exists(value=io.BytesIO(software)),
    )


@pytest.mark.parametrize("minor_version", [2, 3])
@pytest.mark.parametrize("way", _WAYS)
def test_corrupted_hive_gives_values_or_says_what_is_wrong(
    way: Callable[[bytearray, random.Random], None], minor_version: Literal[2, 3]
) -> None:
    """No corruption raises anything, and none takes long; the other hive is read all the same."""
    chance = random.Random(f"{way.__name__} {minor_version}")  # noqa: S311
    sound = _collect(*_HIVES[minor_version])
    slowest = 0.0
    for _ in range(_CORRUPTIONS // len(_WAYS) // 2 + 1):
        system, software = map(bytearray, _HIVES[minor_version])
        way(system, chance)
        begun = time.monotonic()
        evidence = _collect(_sealed(bytes(system)), bytes(software))
        slowest = max(slowest, time.monotonic() - begun)
        assert evidence.hotfix_keys == sound.hotfix_keys
        assert evidence.system_root == sound.system_root
    assert slowest < _SECONDS_EACH
