"""Damaged and hostile images end within their budget, in a trace or a refusal."""

import random
from pathlib import Path

import pytest

from ntscan.errors import ImageError
from ntscan.machinecode import Budget, trace

IMAGES = sorted((Path(__file__).parent / "images").glob("*.sys"))
LONGEST_SECONDS = 10


@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_image_ends_in_a_trace_or_a_refusal(seed: int) -> None:
    """Bytes of a real driver are changed at random: headers, tables, code."""
    chance = random.Random(seed)  # noqa: S311  repeatable, not secret
    image = bytearray(chance.choice(IMAGES).read_bytes())
    begin = chance.choice([0, 0x200])
    for _ in range(chance.choice([1, 2, 8, 32])):
        image[chance.randrange(begin, len(image))] = chance.choice([0, 0xFF, chance.randrange(256)])
    try:
        result = trace(bytes(image), Budget(instructions=100_000, seconds=LONGEST_SECONDS / 2))
    except ImageError:
        return
    assert result.reason
    assert result.seconds < LONGEST_SECONDS
