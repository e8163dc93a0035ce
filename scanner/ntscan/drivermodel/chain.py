"""A list of free IRPs, followed link by link as it lies in memory."""

from typing import Final, NamedTuple

from ntscan.drivermodel.memory import Memory, PageFaultError

_LONGEST_WALK: Final = 8

#: Why a walk ended at an address where there is no memory.
NOT_MEMORY: Final = "not memory"


class Chain(NamedTuple):
    """The entries met on following a list's links, and why the walk did not end properly."""

    entries: tuple[int, ...]
    fault: str = ""
    longer: bool = False  # more entries follow than were walked

    def __str__(self) -> str:
        """Draw the chain on one line."""
        rest = " -> and longer" if self.longer else ""
        links = " -> ".join(f"{entry:#010x}" for entry in self.entries) or "empty"
        return f"{links} ({self.fault})" if self.fault else links + rest


def walk(memory: Memory, first: int, end: int) -> Chain:
    """Follow links from ``first`` until ``end``, in memory as it is, without trusting it."""
    entries: list[int] = []
    address = first
    while address != end and len(entries) < _LONGEST_WALK:
        if address in entries:
            return Chain((*entries, address), "and round again")
        entries.append(address)
        try:
            address = memory.read(address)
        except PageFaultError:
            return Chain(tuple(entries), NOT_MEMORY)
    return Chain(tuple(entries), longer=address != end)
