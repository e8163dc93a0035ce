"""LZNT1 as NT 4.0's compressed files have it: what it unpacks to, and what is damage."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntscan.sources.volumes.nt4_compression import ClusterRun, decompress, read_compressed

COMPRESSED = {
    "nothing": (b"", bytes(4096)),
    "an end mark": (b"\0\0", bytes(4096)),
    "a stored chunk": (b"\2\x30abc", b"abc".ljust(4096, b"\0")),
    "a chunk of flags alone": (b"\0\xb0\x01", bytes(4096)),
    "a repeat": (b"\4\xb0\x02a\x03\x00\0", b"aaaaaaa\0".ljust(4096, b"\0")),
    "the longest repeat": (b"\3\xb0\x02a\xfc\x0f", b"a" * 4096),
}
DAMAGED = {
    "a repeat of nothing": b"\2\xb0\x01\x03\x00",
    "a repeat of what lies before": b"\3\xb0\x02a\x00\x10",
    "a repeat of what lies far before": b"\3\xb0\x02a\xff\xff",
    "a repeat past the end of the chunk": b"\3\xb0\x02a\xfd\x0f",
}


@pytest.mark.parametrize(("stream", "data"), COMPRESSED.values(), ids=COMPRESSED)
def test_lznt1_is_decompressed(stream: bytes, data: bytes) -> None:
    """Chunks as [MS-XCA] 2.5 has them, zeros behind the end."""
    assert decompress(stream, 4096) == data


@pytest.mark.parametrize("stream", DAMAGED.values(), ids=DAMAGED)
def test_a_repeat_of_what_is_not_there_is_damage(stream: bytes) -> None:
    """Before the start of a chunk, or past the 4,096 bytes that one may hold."""
    with pytest.raises(ValueError, match="repeats bytes that are not there"):
        decompress(stream, 4096)


@given(st.binary(max_size=600))
def test_any_stream_is_damage_or_one_unit(stream: bytes) -> None:
    """A bomb makes no more than was asked for."""
    with suppress(ValueError):
        assert len(decompress(stream, 8192)) == 8192


def test_a_run_out_of_place_ends_a_unit() -> None:
    """Runs that leave a gap are a hole there."""
    runs = [ClusterRun(vcn=8, length=8, lcn=1)]
    assert read_compressed(runs, 512, range(100), lambda _, n: b"x" * 512 * n) == bytes(100)
