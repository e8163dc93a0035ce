"""Who holds which IRP, kept beside the mechanism: nothing that runs in the model reads it."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Ownership:
    """A ledger of allocations and frees by requester (the address of its context)."""

    held: list[tuple[int, int]] = field(default_factory=list)  # (IRP, requester)
    allocations: Counter[int] = field(default_factory=Counter)
    frees: Counter[tuple[int, int]] = field(default_factory=Counter)
    freed_by_stranger: bool = False
    two_owners: bool = False

    def allocate(self, irp: int, requester: int) -> None:
        """Note that a requester was given an IRP."""
        self.two_owners |= any(irp == other for other, _ in self.held)
        self.held.append((irp, requester))
        self.allocations[requester] += 1

    def free(self, irp: int, requester: int) -> None:
        """Note that a requester freed an IRP, which it may not have held."""
        self.frees[irp, requester] += 1
        if (irp, requester) in self.held:
            self.held.remove((irp, requester))
        else:
            self.freed_by_stranger = True
