"""Rules are loaded whole or refused with file, line and field."""

import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ntscan.errors import RuleError, UsageError
from ntscan.rulebook.advisory import Advisory
from ntscan.rulebook.load import LONGEST_RULE, load_rules, parse_rule, read_rule, rule_text
from ntscan.rulebook.refusal import MOST_FAULTS

NAME = "Q242896.toml"
#: A rule that stays as it is, so that the line numbers below do.
RULE = (Path(__file__).parent / "samples" / NAME).read_bytes()


@pytest.mark.parametrize(
    ("written", "instead", "refusal"),
    [
        ("[applicability]", "foo = 1\n[applicability]", "12: foo: is not a field of a rule"),
        (
            "size = 134416",
            "size = 134416\nsiez = 1",
            "27: fixed_builds[0].siez: is not a field of a rule",
        ),
        (
            "[demonstration]",
            "[demonstration]\n__class__ = 1",
            "146: demonstration.__class__: is not a field of a rule",
        ),
        ('id = "Q242896"\n', "", "1: id: is missing"),
        ("size = 134416\n", "", "23: fixed_builds[0].size: is missing"),
        (
            "[later_builds]\nhold",
            "[later_builds]\n#",
            "121: later_builds.hold_fix_from: is missing",
        ),
        ("size = 134416", 'size = "134416"', "26: fixed_builds[0].size: Expected `int`, got `str`"),
        ("size = 134416", "size = true", "26: fixed_builds[0].size: Expected `int`, got `bool`"),
        (
            'machine = "i386"',
            'machine = "i286"',
            "24: fixed_builds[0].machine: Invalid enum value 'i286'",
        ),
        ('"SP6a"]', '"SP7"]', "14: applicability.service_packs[4]: Invalid enum value 'SP7'"),
        (
            'text = "Then',
            'until = "SP7"\ntext = "Then',
            "130: remediation[1].until: Invalid enum value 'SP7'",
        ),
        ("1999-09-29T19:49:00", "1999-02-30T19:49:00", "25: wall_clock: Invalid date or datetime"),
        (
            "1999-09-29T19:49:00",
            "1999-09-29",
            "25: fixed_builds[0].wall_clock: Expected `datetime`, got `date`",
        ),
        (
            "1999-09-29T19:49:00",
            "1999-09-29T19:49:00Z",
            "25: fixed_builds[0].wall_clock: names a zone, and a KB wall clock has none",
        ),
        (
            "1999-09-29T19:49:00",
            "1990-09-29T19:49:00",
            "25: fixed_builds[0].wall_clock: 1990-09-29 is impossible for Windows NT 4.0",
        ),
        (
            "1999-09-29T19:49:00",
            "2012-09-29T19:49:00",
            "25: fixed_builds[0].wall_clock: 2012-09-29 is impossible for Windows NT 4.0",
        ),
        (
            "1999-12-01T00:00:00Z",
            "1999-12-01T00:00:00",
            "122: later_builds.hold_fix_from: names no zone; write it in UTC, with a Z at its end",
        ),
        (
            "1999-12-01T00:00:00Z",
            "1999-11-30T00:00:00Z",
            "116: releases_without_fix[1].released_by: 1999-11-30 is not before later_builds",
        ),
        (
            "last_modified = 2002",
            "last_modified = 1998",
            "25: fixed_builds[0].wall_clock: 1999-09-29 is after the article's last change",
        ),
        (
            "size = 134416",
            "size = 0",
            "26: fixed_builds[0].size: is not between 1 and 16,777,216 bytes",
        ),
        (
            "size = 134416",
            "size = 16777217",
            "26: fixed_builds[0].size: is not between 1 and 16,777,216 bytes",
        ),
        (
            'source = "Q116343"',
            'source = "KB116343"',
            "19: products_without_component[0].source: 'KB116343' is no article number",
        ),
        (
            'machine = "alpha"\nwall_clock = 1999-09-29',
            'machine = "i386"\nwall_clock = 1999-09-29',
            "30: fixed_builds[1].machine: is a second fixed build for i386",
        ),
        (
            'file_name = "sfmsrv.sys"',
            'file_name = "..\\\\x"',
            "7: file_name: '..\\\\x' is no file name of the form 8.3 in lower case",
        ),
        ('title = "SFM', 'title = " "\n#', "5: title: is empty"),
        (
            "[applicability]",
            "[applicability",
            "12: Expected ']' at the end of a table declaration",
        ),
        ('id = "Q242896"', "id = 'Q242896", "4: id: Found invalid character '\\n'"),
        ("last_modified", 'id = "Q1"\nlast_modified', "6: id: Cannot overwrite a value"),
    ],
)
def test_a_wrong_rule_is_refused_at_its_line(written: str, instead: str, refusal: str) -> None:
    """The message begins with file, line and field, and says what is wrong."""
    with pytest.raises(RuleError) as caught:
        parse_rule(RULE.replace(written.encode(), instead.encode(), 1), NAME)
    assert str(caught.value).startswith(f"{NAME}:{refusal}")


def test_every_fault_of_a_rule_is_named_at_once() -> None:
    """Two wrong figures are two lines of one refusal."""
    wrong = RULE.replace(b"size = 134416", b"size = 0", 1).replace(b"= 241744", b"= -16", 1)
    with pytest.raises(RuleError) as caught:
        parse_rule(wrong, NAME)
    assert [line.split(" ")[1] for line in str(caught.value).split("\n")] == [
        "fixed_builds[0].size:",
        "fixed_builds[1].size:",
    ]


def test_a_rule_stands_in_the_file_of_its_name() -> None:
    """An id that is not the file's name is refused."""
    with pytest.raises(RuleError, match=r"Q1\.toml:4: id: 'Q242896' is not the name of its file"):
        parse_rule(RULE, "Q1.toml")


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"[" * 100_000, b"a=" + b"[" * 5_000, b"a = " + b"9" * 5_000, b"\0"],
)
def test_what_is_no_rule_is_refused(content: bytes) -> None:
    """Empty, binary, deeply nested and overlong content ends in a RuleError."""
    with pytest.raises(RuleError, match=r"^Q242896\.toml:\d+: "):
        parse_rule(content, NAME)


def test_an_overlong_rule_is_refused() -> None:
    """No rule is longer than the limit."""
    with pytest.raises(RuleError, match="longer than"):
        parse_rule(RULE + b"#" * LONGEST_RULE, NAME)


@given(st.binary(max_size=200))
@example(b"id = 1")
def test_no_bytes_do_anything_but_load_or_be_refused(content: bytes) -> None:
    """The reader of rules returns a rule or raises RuleError."""
    with pytest.raises(RuleError):
        parse_rule(content, NAME)


@given(st.integers(0, len(RULE) - 1), st.binary(max_size=8), st.integers(0, 12))
def test_no_change_of_a_rule_does_anything_but_load_or_be_refused(
    place: int, inserted: bytes, dropped: int
) -> None:
    """A rule that was changed anywhere is still a rule, or is refused."""
    changed = RULE[:place] + inserted + RULE[place + dropped :]
    with suppress(RuleError):
        assert isinstance(parse_rule(changed, NAME), Advisory)


def test_windows_line_ends_make_no_difference() -> None:
    """A rule saved on Windows is the same rule."""
    assert parse_rule(RULE.replace(b"\n", b"\r\n"), NAME) == parse_rule(RULE, NAME)


def test_rules_of_ones_own_stand_beside_the_bundled_ones(tmp_path: Path) -> None:
    """A folder of rules is loaded too; a taken id and a missing folder are refused."""
    own = RULE.replace(b'id = "Q242896"', b'id = "Q999999"', 1)
    (tmp_path / "Q999999.toml").write_bytes(own)
    (tmp_path / "notes.txt").write_text("no rule")
    book = load_rules(tmp_path)
    assert [rule.id for rule in book.advisories][-1] == "Q999999"
    assert book.digest != load_rules().digest
    assert [rule.id for rule in load_rules(tmp_path, only=["q999999"]).advisories] == ["Q999999"]
    (tmp_path / NAME).write_bytes(RULE)
    with pytest.raises(RuleError, match="is the id of another rule"):
        load_rules(tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing", "missing: cannot be read as a folder of rules: No such file or directory"),
        ("rule.txt", "rule.txt: cannot be read as a folder of rules: Not a directory"),
        ("empty", "empty: holds no rule (a .toml file); give the folder of rules"),
        ("", "Q1.toml: is a folder, and no rule; --rules takes a folder of rules"),
    ],
)
def test_a_folder_that_gives_no_rule_is_wrong_usage(
    name: str, message: str, tmp_path: Path
) -> None:
    """A folder of rules that is not there, is a file, or holds none is no folder of rules."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "Q1.toml").mkdir()
    (tmp_path / "rule.txt").write_bytes(RULE)
    with pytest.raises(UsageError) as raised:
        load_rules(tmp_path / name)
    assert str(raised.value) == f"{tmp_path}/{message}"


def test_a_rule_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    """An unknown id, and a file that cannot be read, name what to do."""
    with pytest.raises(UsageError, match="Q1: no such rule; `ntscan rules list` shows"):
        load_rules(only=["Q1"])
    with pytest.raises(UsageError, match="no such rule"):
        rule_text("Q1")
    with pytest.raises(UsageError, match=r"missing\.toml: no such file"):
        read_rule(tmp_path / "missing.toml")
    with pytest.raises(UsageError, match="is a folder, and no rule; --rules takes"):
        read_rule(tmp_path)
    with pytest.raises(UsageError, match="is no regular file"):
        read_rule(Path("/dev/null"))


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (
            b"".join(b"a%d=1\n" % number for number in range(10_000)) + RULE,
            "1: a0: is not a field of a rule",
        ),
        (b"x=[\n" + b"1,\n" * 32_000 + b"]\n" + RULE, "32002: x: is not a field of a rule"),
        (b"x=[\n" + b"[1],\n" * 20_000 + b"]\n" + RULE, "20002: x: is not a field of a rule"),
        (b"x='''" + b"\n" * 100_000 + b"'''\n" + RULE, "100001: x: is not a field of a rule"),
        (b".".join([b"a"] * 50_000) + b"=1\n" + RULE, "1: holds more than 200 dots"),
        (
            b"[" + b".".join([b"a"] * 200) + b"]\n" + b"b=1\n" * 1000 + RULE,
            "3: b: Cannot overwrite a value",
        ),
    ],
    ids=["unknown keys", "array", "nested arrays", "line breaks", "dotted key", "dotted table"],
)
def test_a_hostile_rule_is_refused_soon(content: bytes, refusal: str) -> None:
    """No file of the greatest length makes the reader go through it again and again."""
    begun = time.process_time()
    with pytest.raises(RuleError) as caught:
        parse_rule(content, NAME)
    assert time.process_time() - begun < 2
    assert str(caught.value).startswith(f"{NAME}:{refusal}")


def test_no_more_faults_are_named_than_a_person_reads() -> None:
    """Of many faults the first are named, and the others are counted."""
    unknown = b"".join(b"a%d=1\n" % number for number in range(1000))
    with pytest.raises(RuleError) as caught:
        parse_rule(unknown + RULE, NAME)
    *named, rest = str(caught.value).split("\n")
    assert len(named) == MOST_FAULTS
    assert rest.endswith("has 950 more faults; mend these first")


def test_a_rule_that_just_fits_the_stack_is_refused() -> None:
    """However deep an unknown field is nested, the answer is a refusal."""
    for depth in range(200, 500):  # a bracket takes two to four frames of a thousand
        with pytest.raises(RuleError, match=r"nested too deeply|is not a field"):
            parse_rule(b"x=" + b"[" * depth + b"]" * depth + b"\n" + RULE, NAME)


def test_two_rules_for_a_file_name_the_same_driver(tmp_path: Path) -> None:
    """One file is looked for in one place: a second rule cannot lead elsewhere."""
    text = rule_text("Q242896").replace('id = "Q242896"', 'id = "Q999999"', 1)
    other = tmp_path / "Q999999.toml"
    other.write_text(text.replace('driver = "MacSrv"', 'driver = "Other"', 1), "utf-8")
    with pytest.raises(
        RuleError, match=r"services\.driver: Other is not MacSrv, as Q242896 has it"
    ):
        load_rules(tmp_path)
    other.write_text(text.replace('driver = "MacSrv"', 'driver = "MACSRV"', 1), "utf-8")
    assert len(load_rules(tmp_path).advisories) == 2
