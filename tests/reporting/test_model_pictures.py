"""The pictures in the documentation are what the program draws."""

from pathlib import Path

import pytest

from ntscan.cli.model import demonstrate, simulate

DOCS = Path(__file__).parents[2] / "docs"


def test_the_picture_of_a_refused_unlock_is_current(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """``ntscan model demonstrate --svg`` draws docs/refused-unlock.svg."""
    demonstrate(svg=tmp_path / "drawn.svg")
    assert (tmp_path / "drawn.svg").read_text() == (DOCS / "refused-unlock.svg").read_text()
    assert capsysbinary.readouterr().out


def test_the_plot_of_operations_is_current(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """``ntscan model simulate --runs 40 --svg`` draws docs/operations-until-stop.svg."""
    simulate(runs=40, svg=tmp_path / "drawn.svg")
    drawn = (tmp_path / "drawn.svg").read_text()
    assert drawn == (DOCS / "operations-until-stop.svg").read_text()
    assert capsysbinary.readouterr().out
