"""The file of an audit: whole lines, whatever happened to the writer of them."""

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from ntscan.asking import EVERYTHING, load_book, now
from ntscan.auditing.failed import failed_line
from ntscan.auditing.job import Job, Target
from ntscan.auditing.journal import open_journal
from ntscan.auditing.limits import Limits
from ntscan.auditing.run import new_job
from ntscan.errors import UsageError
from ntscan.reporting.ndjson import encode_line
from ntscan.reporting.report import TargetLine
from ntscan.vocabulary import ServicePack, TargetKind


def job(**options: object) -> Job:
    """Make a job with these options."""
    asked = replace(EVERYTHING, **options)
    return new_job(asked, load_book(EVERYTHING), Limits())


def line(name: str, of: Job | None = None) -> TargetLine:
    """Make a line about a target."""
    target = Target(path=name, kind=TargetKind.FILE)
    return failed_line(of or job(), target, "is not there", since=now())


LINE = encode_line(line("a"))


def resume(file: Path, of: Job | None = None) -> list[str]:
    """Open a journal to go on, append a line to it, and return what stood in it."""
    seen: list[str] = []
    with open_journal(
        file, of or job(), resume=True, seen=lambda line: seen.append(line.target)
    ) as journal:
        journal.append(line("new"))
    return seen


def test_a_journal_begins_empty_and_grows_by_lines(tmp_path: Path) -> None:
    """A new file, or one that is empty, takes lines."""
    file = tmp_path / "lines"
    assert resume(file) == []
    assert resume(file) == ["new"]
    assert resume(file) == ["new", "new"]


@pytest.mark.parametrize("length", [1, 2, 9, 10, 11, len(LINE) // 2, len(LINE) - 2, len(LINE) - 1])
@pytest.mark.parametrize("whole", [0, 1, 3])
def test_a_torn_last_line_is_cut_off(tmp_path: Path, length: int, whole: int) -> None:
    """Wherever a power failure cut the last line, the whole ones stay and it is written anew."""
    file = tmp_path / "lines"
    file.write_bytes(LINE * whole + LINE[:length])
    assert resume(file) == ["a"] * whole
    assert [one[:16] for one in file.read_bytes().splitlines(keepends=True)] == [
        *[LINE[:16]] * whole,
        encode_line(line("new"))[:16],
    ]
    assert resume(file) == [*["a"] * whole, "new"]


@pytest.mark.parametrize("rest", [b"\0" * 700, b"\0" * 700 + b"\n", LINE[:99] + b"\0" * 99 + b"\n"])
def test_zeros_in_place_of_the_last_line_are_cut_off(tmp_path: Path, rest: bytes) -> None:
    """A file system can grow a file before the bytes of a line reach the disk."""
    file = tmp_path / "lines"
    file.write_bytes(LINE + rest)
    assert resume(file) == ["a"]
    assert file.read_bytes().startswith(LINE + b'{"target":"new"')


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"MZ\x90\x00", ":1:"),
        (b"text\n", ":1:"),
        (b"{}\n", ":1:"),
        (LINE[:-9] + b"\n" + LINE, ":1:"),
        (LINE + b"\n" + LINE, ":2:"),
        (LINE + b"MZ", ":2:"),
        (LINE.replace(b'"failed"', b'"fine"') * 2, ":1:"),
        (LINE.replace(b'"failed"', b'"fine"'), ":1:"),
        (b'{"target":"of another program"}\n', ":1:"),
        (b'{"target":"of another program"}', ":1:"),
        (LINE + b'{"target":"of another program"}', ":2:"),
        (bytes(1_474_560), ":1:"),
    ],
)
def test_a_file_that_is_no_journal_is_refused_and_kept(
    tmp_path: Path, content: bytes, place: str
) -> None:
    """Evidence named by mistake is not touched, and the line that is none is named."""
    file = tmp_path / "plant07.img"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=f"{place} is no line of an ntscan audit"):
        resume(file)
    assert file.read_bytes() == content


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (job(service_pack=ServicePack.SP5), r"other options, service_pack \(null, and not SP5\)"),
        (job(model=False), r"other options, model \(true, and not false\)"),
        (job(rules=("Q242896",)), r'other options, rules \(\[\], and not \["Q242896"\]\)'),
        (replace(job(), rules=replace(job().rules, digest="sha256:0")), "other rules"),
    ],
)
def test_an_audit_with_other_rules_or_options_is_refused(
    tmp_path: Path, other: Job, what: str
) -> None:
    """Lines of two audits that could differ in what they find are not mixed."""
    file = tmp_path / "lines"
    file.write_bytes(encode_line(line("a")))
    with pytest.raises(UsageError, match=f":1: was written with {what}"):
        resume(file, other)
    file.write_bytes(encode_line(line("a", other)))
    assert resume(file, other) == ["a"]


@pytest.mark.parametrize(
    ("field", "what"),
    [("schema_version", "schema version"), ("version", r"version of ntscan \(9\.0, and not ")],
)
def test_lines_of_another_ntscan_are_refused(tmp_path: Path, field: str, what: str) -> None:
    """Another version may find something else by the same rules."""
    file = tmp_path / "lines"
    file.write_bytes(
        re.sub(rb'"%s":"[^"]+"' % field.encode(), b'"%s":"9.0"' % field.encode(), LINE)
    )
    with pytest.raises(UsageError, match=f"was written with other {what}"):
        resume(file)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda file: file.write_bytes(LINE), "is there already; go on with --resume"),
        (lambda file: file.mkdir(), "cannot be written: Is a directory"),
        (os.mkfifo, "is no regular file"),
    ],
)
def test_what_is_there_already_is_not_overwritten(
    tmp_path: Path, make: Callable[[Path], object], why: str
) -> None:
    """Hours of work are not lost by a command that was given twice."""
    file = tmp_path / "lines"
    make(file)
    refused = pytest.raises(UsageError, match=why)
    with refused, open_journal(file, job(), resume=False, seen=lambda _: None):
        pass


def test_two_audits_do_not_write_one_journal(tmp_path: Path) -> None:
    """The second is refused while the first runs."""
    file = tmp_path / "lines"
    refused = pytest.raises(UsageError, match="another audit is writing it")
    with open_journal(file, job(), resume=False, seen=lambda _: None), refused:
        resume(file)
    assert resume(file) == []


def test_lines_and_the_name_of_the_file_reach_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each line is synchronised as it stands, and a new file's folder before the first."""
    synchronised: list[int | None] = []

    def note(descriptor: int) -> None:
        status = os.fstat(descriptor)
        synchronised.append(None if stat.S_ISDIR(status.st_mode) else status.st_size)

    monkeypatch.setattr(os, "fsync", note)
    with open_journal(tmp_path / "lines", job(), resume=False, seen=lambda _: None) as journal:
        journal.append(line("a"))
        journal.append(line("a"))
    assert synchronised == [None, len(LINE), 2 * len(LINE)]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_line_that_cannot_be_written_leaves_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, call: str
) -> None:
    """A full disk, or an interruption in the middle, leaves the lines before whole."""
    file = tmp_path / "lines"
    file.write_bytes(LINE)
    write = os.write

    def fail(descriptor: int, data: bytes = b"") -> int:
        write(descriptor, data[:7])
        raise error

    monkeypatch.setattr(os, call, fail)
    with pytest.raises((UsageError, KeyboardInterrupt)):
        resume(file)
    assert file.read_bytes() == LINE
