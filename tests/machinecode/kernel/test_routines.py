"""The table of exports says what the public import libraries say: a wrong count breaks a stack."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from ntscan.machinecode.kernel.dispatch import MODELS
from ntscan.machinecode.kernel.routines import Convention, signatures

_NM: Final = "i686-w64-mingw32-nm"
_DECORATED: Final = re.compile(
    r" __imp_(?:_(?P<stdcall>\w+)@(?P<bytes>\d+)|@(?P<fastcall>\w+)@(?P<all_bytes>\d+)"
    r"|_(?P<cdecl>\w+))$",
    re.MULTILINE,
)
_LIBRARIES: Final = ("ntoskrnl", "hal", "tdi")
#: The C runtime's, which the import libraries leave to the compiler.
_ELSEWHERE: Final = {"memcmp"}
#: Macros of the headers on i386; Alpha exports routines of these names.
_NOT_ON_I386: Final = {"ExAcquireSpinLock", "KeAcquireSpinLockRaiseToDpc", "RtlCopyMemory"}


def in_libraries() -> Mapping[str, set[tuple[str, int]]]:
    """The conventions and 32-bit arguments that decorated names tell, by undecorated name."""
    folder = Path("/usr/i686-w64-mingw32/lib")
    libraries = [folder / f"lib{name}.a" for name in _LIBRARIES]
    if shutil.which(_NM) is None or not all(library.is_file() for library in libraries):
        pytest.skip(f"lacks {_NM} and its libraries (package gcc-mingw-w64-i686)")
    told: dict[str, set[tuple[str, int]]] = {}
    for library in libraries:
        done = subprocess.run([_NM, library], check=True, capture_output=True, text=True)
        for match in _DECORATED.finditer(done.stdout):
            convention = str(match.lastgroup).replace("all_bytes", "fastcall")
            convention = convention.replace("bytes", "stdcall")
            size = int(match["bytes"] or match["all_bytes"] or 0)
            told.setdefault(match[convention], set()).add((convention, size // 4))
    return told


def test_every_signature_is_that_of_the_import_libraries() -> None:
    """Convention and number of arguments, for each of the routines in the table."""
    told = in_libraries()
    table = signatures()
    assert len(table) > 1_500
    wrong = [
        (name, signature)
        for name, signature in table.items()
        if (signature.convention, signature.arguments) not in told.get(name, set())
        and name not in _ELSEWHERE
    ]
    assert wrong == []


def test_every_modelled_routine_has_a_signature() -> None:
    """Without one, a call of it on i386 could not be returned from."""
    assert set(MODELS) - set(signatures()) == _NOT_ON_I386
    assert signatures()["DbgPrint"].convention is Convention.CDECL
