"""Functions that were seen to be done with the IRPs they allocate, so that no caller has them."""

from typing import Final

from ntscan.machinecode.address_map import INTO_WINDOW
from ntscan.machinecode.irp_facts import asks_to_unlock
from ntscan.machinecode.kernel.request import Request
from ntscan.machinecode.run import Run
from ntscan.machinecode.search.traverse import FromStart

#: The lowest byte of every word that nobody gave a value.
_UNKNOWN_BYTE: Final = INTO_WINDOW & 0xFF


def is_settled(one: FromStart) -> bool:
    """Say whether the callers of a function hardly matter to the IRPs that it allocates.

    Each IRP was freed, and its address is left nowhere, as far as that is seen: an address within
    the IRP is not, nor one that was there only while the request was under way. An IRP that asks to
    unlock does not count, nor one whose caller says what it asks; what the callers ask
    FastIoUnlockSingle before belongs to the article.
    """
    runs = [run for case in one.cases.cases for run in case.all_runs]
    return any(run.clean_return and run.requests for run in runs) and all(map(_is_done, runs))


def _is_done(run: Run) -> bool:
    return not run.doubts and all(
        request.free_sites and request.sends and not _may_ask_to_unlock(request)
        for request in run.requests
    )


def _may_ask_to_unlock(request: Request) -> bool:
    return asks_to_unlock(request) or any(send.major == _UNKNOWN_BYTE for send in request.sends)
