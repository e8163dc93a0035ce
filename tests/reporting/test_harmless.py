"""Text from scanned bytes is shown harmlessly."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntscan.reporting.harmless import harmless


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("sfmsrv.sys", "sfmsrv.sys"),
        ("C:\\WINNT\\Größe [ok].sys", "C:\\WINNT\\Größe [ok].sys"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\nb\rc\td", "a\\x0ab\\x0dc\\x09d"),
        ("\x7f\x9b31m", "\\x7f\\x9b31m"),
        ("exe\u202esys.", "exe\\u202esys."),
        ("\u2066\u200b\ufeff\u2028", "\\u2066\\u200b\\ufeff\\u2028"),
        ("caf\udce9", "caf\\xe9"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("", ""),
    ],
)
def test_what_could_act_is_shown_by_its_number(text: str, shown: str) -> None:
    """Controls, line breaks, bidi overrides, invisible characters and stray bytes are numbered."""
    assert harmless(text) == shown


def test_no_control_or_format_character_of_unicode_gets_through() -> None:
    """What Unicode calls a control, a format, a line end or unassigned is escaped."""
    acting = {"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"}
    through = [
        hex(code)
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in acting and chr(code) in harmless(chr(code))
    ]
    assert through == []


@given(st.text(st.characters(codec=None)))
def test_harmless_text_can_be_written_anywhere(text: str) -> None:
    """What comes out is printable, is UTF-8, and comes out unchanged a second time."""
    shown = harmless(text)
    assert shown.isprintable()
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert harmless(shown) == shown
