"""Drivers that nobody here wrote: what is shown of them, and of one changed instruction in them.

They are those of VirtualBox 7.0.6's guest additions for Windows on i386, which Oracle wrote and
Microsoft's compiler compiled; ``fixtures/fetch_real_drivers.sh`` gets them from a Debian package.
VBoxSF.sys is a network redirector with Microsoft's RDBSS library in it. One of its functions sends
reads, writes and locks on to a file system below, each by an IRP that it allocates; the completion
routine frees that, unless the sender has taken it to cancel it. What is said of its code here was
read with GNU objdump (binutils 2.40).
"""

from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest

from ntscan.machinecode import Budget, CompletionMode, FreedBy, FreeSite, Trace, trace
from ntscan.vocabulary import Grade

FOLDER: Final = Path("build/downloads/real_drivers")
#: A busy machine must not change a grade: what bounds the work here is instructions, not time.
BUDGET: Final = Budget(seconds=600)

REDIRECTOR: Final = "VBoxSF.sys"
REDIRECTOR_SHA_256: Final = "9edca478b96cecbf7c497d85647b8c1bfabcaee3e711ddb4a6aa42b75f93e2a0"
#: Of the redirector's .text section: the RVA of a byte less its offset in the file.
TEXT: Final = 0x1000 - 0x400
SENDER, ALLOCATION, SEND, COMPLETION_ROUTINE = 0x350E, 0x33BD, 0x35B4, 0x3100
BY_COMPLETION: Final = FreeSite(rva=0x30EA, by=FreedBy.COMPLETION)
BY_SENDER: Final = FreeSite(rva=0x3652, by=FreedBy.CALLER)
BY_IO_MANAGER: Final = FreeSite(rva=None, by=FreedBy.IO_MANAGER)
IRP_MJ_READ, IRP_MJ_WRITE, IRP_MJ_LOCK_CONTROL = 0x03, 0x04, 0x11


def driver(name: str) -> bytes:
    """Read a driver that was fetched, or skip the test."""
    file = FOLDER / name
    if not file.exists():
        pytest.skip(f"lacks {file}; `make {FOLDER}` fetches it where apt-get and 7z are")
    return file.read_bytes()


def redirector(rva: int | None = None, before: str = "", after: str = "") -> bytes:
    """Read the redirector; where an RVA is given, with those bytes there replaced by others."""
    image = driver(REDIRECTOR)
    assert sha256(image).hexdigest() == REDIRECTOR_SHA_256
    if rva is None:
        return image
    start, old, new = rva - TEXT, bytes.fromhex(before), bytes.fromhex(after)
    assert len(old) == len(new)
    assert image[start : start + len(old)] == old
    return image[:start] + new + image[start + len(old) :]


@pytest.fixture(scope="module")
def unchanged() -> Trace:
    """What tracing the redirector shows as it is."""
    return trace(redirector(), BUDGET)


def shows_no_double_free(result: Trace) -> None:
    """Check that no IRP was freed twice, within the limits, and that nothing is called clean."""
    assert result.grade is Grade.INCONCLUSIVE, result.reason
    assert all(irp.frees <= 1 for irp in result.irps)
    assert result.instructions < BUDGET.instructions


def frees_of(result: Trace) -> set[tuple[FreeSite, ...]]:
    """Give every way in which an IRP that the sender sent was freed."""
    return {irp.free_sites for irp in result.irps if irp.start == SENDER and irp.sent_at == SEND}


@pytest.mark.parametrize(
    "name",
    [
        "VBoxGuest.sys",
        "VBoxMouse.sys",
        "VBoxMouseNT.sys",
        "VBoxVideo.sys",
        "VBoxWddm.sys",
    ],
)
def test_an_unchanged_driver_shows_no_double_free(name: str) -> None:
    """None of them unlocks as the article has it, so that there is nothing to call clean either."""
    shows_no_double_free(trace(driver(name), BUDGET))


def test_what_the_redirector_does_with_its_irp_is_seen(unchanged: Trace) -> None:
    """Whatever it asks for, and however it completes, the completion routine frees it once."""
    shows_no_double_free(unchanged)
    sent = [irp for irp in unchanged.irps if irp.start == SENDER]
    freed = [irp for irp in sent if irp.free_sites == (BY_COMPLETION,)]
    assert {irp.major for irp in freed} == {IRP_MJ_READ, IRP_MJ_WRITE, IRP_MJ_LOCK_CONTROL}
    assert {irp.mode for irp in freed} == set(CompletionMode)
    assert {(irp.allocated_at, irp.sent_at) for irp in sent} == {(ALLOCATION, SEND)}
    assert {irp.completed_at for irp in freed} == {COMPLETION_ROUTINE}
    assert all(irp.natural and irp.clean_return for irp in freed)


@pytest.mark.parametrize(
    ("rva", "before", "after", "frees"),
    [
        # and dword [esi+0x70], 0 becomes no-operations: the completion routine frees the IRP and
        # leaves its address to the sender, which takes it for one that it can cancel, and free.
        (0x3061, "83 66 70 00", "90 90 90 90", {(BY_COMPLETION, BY_SENDER)}),
        # mov eax, STATUS_MORE_PROCESSING_REQUIRED becomes mov eax, STATUS_SUCCESS: the completion
        # routine frees the IRP, or leaves it to the sender, and the I/O manager finishes with it.
        (
            0x3117,
            "b8 16 00 00 c0",
            "b8 00 00 00 00",
            {(BY_COMPLETION, BY_IO_MANAGER), (BY_IO_MANAGER, BY_SENDER)},
        ),
    ],
    ids=["the pointer is kept", "the IRP is let go"],
)
def test_one_changed_instruction_that_doubles_a_free_is_found(
    rva: int, before: str, after: str, frees: set[tuple[FreeSite, ...]]
) -> None:
    """Where each free is, with nothing forced; it is no unlock, so not the article's defect."""
    result = trace(redirector(rva, before, after), BUDGET)
    assert result.grade is Grade.OBSERVED_OTHER, result.reason
    assert frees_of(result) == frees
    assert all(irp.natural and irp.clean_return for irp in result.irps)


@pytest.mark.parametrize(
    ("rva", "before", "after"),
    [
        (0x3058, "75 42", "74 42"),  # the completion routine: jne, where it is cancelled
        (0x3644, "75 12", "90 90"),  # the sender: jne, where the completion routine will free it
    ],
)
def test_one_changed_branch_that_frees_too_seldom_or_too_early_is_no_double_free(
    rva: int, before: str, after: str
) -> None:
    """It spoils the count of those who hold the IRP, and yet no IRP is freed twice."""
    result = trace(redirector(rva, before, after), BUDGET)
    assert result.grade is Grade.INCONCLUSIVE, result.reason
