"""What an analysis may spend, in whole and in parts."""

import pytest

from ntscan.machinecode.budget import Budget, Meter, ShareSpentError


def test_a_share_is_a_part_of_what_is_left() -> None:
    """It ends what would go beyond it; after it, the rest can be spent."""
    meter = Meter(Budget(instructions=100))
    meter.spend(20)
    meter.begin_share(4)
    meter.spend(19)
    with pytest.raises(ShareSpentError):
        meter.spend(1)
    meter.end_share()
    meter.spend(59)


def test_half_of_a_share_leaves_the_other_half() -> None:
    """It ends what would go beyond it, and what comes after has the rest."""
    meter = Meter(Budget(instructions=400))
    meter.begin_share(4)
    with pytest.raises(ShareSpentError), meter.half_of_share():
        meter.spend(50)
    meter.spend(49)
    with pytest.raises(ShareSpentError):
        meter.spend(1)
