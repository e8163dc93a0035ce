"""boot.ini names the folders that NT is started from, and takes no time over anything else."""

import time
from datetime import timedelta
from typing import Final

import pytest

from ntscan.evidence.boot_ini import LONGEST_BOOT_INI, system_folders

_PARTITION: Final = b"multi(0)disk(0)rdisk(0)partition(1)\\"
#: Long enough for a slow machine; what grew with the square of the length took seconds.
_PATIENCE: Final = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("line", "folder"),
    [
        (_PARTITION + b'WINNT="Windows NT"', ("winnt",)),
        (b"default=" + _PARTITION + b"WINNT", ("winnt",)),
        (b"  default = " + _PARTITION + b"WINNT  ", ("winnt",)),
        (b"\t" + _PARTITION + b"WINNT = x", ("winnt",)),
        (b'scsi(1)disk(0)rdisk(0)partition(2)\\NT\\SYS 4="x"', ("nt", "sys 4")),
        (b'signature(8b467c12)disk(1)rdisk(0)partition(2)\\NT="x"', ("nt",)),
        (b'MULTI(0)DISK(0)RDISK(0)PARTITION(1)\\W\x81="x"', ("wü",)),
    ],
)
@pytest.mark.parametrize("line_end", [b"\r\n", b"\n", b""])
def test_an_entry_of_nt_names_a_folder(
    line: bytes, folder: tuple[str, ...], line_end: bytes
) -> None:
    """An ARC path gives the folder behind it, in lower case, without the spaces around it."""
    assert system_folders(line + line_end) == (folder,)


@pytest.mark.parametrize(
    "line",
    [
        b'C:\\="MS-DOS"',
        b'C:\\BOOTSECT.DOS="MS-DOS"',
        _PARTITION,
        _PARTITION + b'="x"',
        _PARTITION + b'\\="x"',
        _PARTITION + b' \t="x"',
        b"multi(0)disk(0)rdisk(0)partition()\\WINNT",
        b"x" + _PARTITION + b"WINNT",
        b"",
    ],
)
def test_what_names_no_folder_gives_none(line: bytes) -> None:
    """Another system's entry, or a partition without a folder, is no system root."""
    assert system_folders(line) == ()


def test_a_folder_is_given_once_and_in_order() -> None:
    """The default entry comes first, and is not told again where it stands among the others."""
    lines = (b"default=" + _PARTITION + b"B", _PARTITION + b"A=", _PARTITION + b"b=")

    assert system_folders(b"\r\n".join(lines)) == (("b",), ("a",))


@pytest.mark.parametrize(
    "content",
    [
        b"\n" * LONGEST_BOOT_INI,
        b"\r\n " * (LONGEST_BOOT_INI // 3),
        (_PARTITION + b" " * LONGEST_BOOT_INI)[: LONGEST_BOOT_INI - 1] + b"x",
        b"default" + b" " * LONGEST_BOOT_INI,
        b"multi(" + b"9" * LONGEST_BOOT_INI,
    ],
    ids=["line breaks", "empty lines", "a path of spaces", "spaces", "digits"],
)
def test_a_hostile_boot_ini_costs_no_time(content: bytes) -> None:
    """No run of spaces, line breaks or digits is gone through again and again."""
    begun = time.process_time()
    system_folders(content)
    assert time.process_time() - begun < _PATIENCE.total_seconds()
