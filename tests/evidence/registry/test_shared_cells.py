"""Cells that many keys share are not read without end: a small hive cannot say a great deal."""

import io
import re
import struct
import time
from collections.abc import Callable
from typing import Final

import pytest

from fixtures.hive_base_block import BASE_BLOCK_SIZE
from fixtures.nt_system_hives import SFM
from fixtures.registry_data import Tree, reg_dword, reg_multi_sz
from fixtures.registry_hive import build_hive
from ntscan.evidence.reading import NOT_COLLECTED, Exists
from ntscan.evidence.registry.system import collect_system

_LONG: Final = "L" * 60_000
_NAMES: Final = tuple(f"S{number:03}" for number in range(300))


def _hive(services: Tree) -> bytearray:
    control_set: Tree = {"Services": {"MacSrv": {"Start": reg_dword(3)}, **services}}
    return bytearray(
        build_hive({"Select": {"Current": reg_dword(1)}, "ControlSet001": control_set})
    )


def _key_node(hive: bytearray, name: str) -> int:
    """Return where the key node (nk) of a name lies."""
    node = rb"nk.{70}" + struct.pack("<H", len(name)) + b".." + name.encode()
    found = re.search(node, hive, re.DOTALL)
    assert found is not None
    return found.start()


def _cell(place: int) -> bytes:
    """Return the field that names the cell whose content lies at a place."""
    return struct.pack("<I", place - 4 - BASE_BLOCK_SIZE)


def _place(hive: bytearray, field: int) -> int:
    """Return where the content of the cell lies that a field names."""
    return int(struct.unpack_from("<I", hive, field)[0]) + 4 + BASE_BLOCK_SIZE


def _shared_data() -> bytearray:
    """Let every service depend on the same 16,000 services, which stand in the hive once."""
    many = reg_multi_sz([f"x{number:05}" for number in range(16_000)])
    few = reg_multi_sz(["Spooler"])
    hive = _hive(
        {name: {"DependOnService": few if name > "S" else many} for name in ("S", *_NAMES)}
    )
    first, *others = (match.start() - 16 for match in re.finditer(b"DependOnService", hive))
    for place in others:
        hive[place : place + 8] = hive[first : first + 8]
    return hive


def _shared_value_names() -> bytearray:
    """Let every service have the same 1,000 values, each of them one value with a long name."""
    values = {f"v{number}": reg_dword(1) for number in range(999)}
    hive = _hive({"S": {**values, _LONG: reg_dword(1)}, **{name: {} for name in _NAMES}})
    value, node = hive.index(_LONG.encode()) - 20, _key_node(hive, "S")
    listed = _place(hive, node + 40)
    hive[listed : listed + 4000] = _cell(value) * 1000
    for name in _NAMES:
        at = _key_node(hive, name) + 36
        hive[at : at + 8] = hive[node + 36 : node + 44]
    return hive


def _shared_key_names() -> bytearray:
    """Let every service be one key with a long name."""
    hive = _hive({name: {} for name in (*_NAMES, _LONG)})
    leaf = _place(hive, _key_node(hive, "Services") + 28)
    (count,) = struct.unpack_from("<H", hive, leaf + 2)
    for entry in range(leaf + 4, leaf + 4 + 8 * count, 8):
        hive[entry : entry + 4] = _cell(_key_node(hive, _LONG))
    return hive


@pytest.mark.parametrize("build", [_shared_data, _shared_value_names, _shared_key_names])
def test_what_many_keys_share_is_counted_for_each(build: Callable[[], bytearray]) -> None:
    """Names and data beyond the limit are refused soon, and the evidence says so."""
    hive = bytes(build())
    begun = time.process_time()
    evidence = collect_system(
        system=Exists(value=io.BytesIO(hive)), software=NOT_COLLECTED, service_names=tuple(SFM)
    )

    assert time.process_time() - begun < 2
    assert any("hold more than 8,388,608 bytes" in failure for failure in evidence.failures)
