"""Who holds which IRP, kept beside the mechanism: nothing that runs in the model reads it."""

from typing import TypeAlias

#: (IRP, requester): addresses of the packet and of the requester's context.
Holding: TypeAlias = tuple[int, int]
FrozenLedger: TypeAlias = tuple[tuple[Holding, ...], bool, bool]


class Ledger:
    """Allocations and frees by requester, and what no correct machine ever does."""

    __slots__ = ("allocations", "double_free", "frees", "held", "two_owners")

    def __init__(self) -> None:
        self.held: tuple[Holding, ...] = ()
        #: Some IRP was freed by a requester that did not hold it, or no longer.
        self.double_free = False
        #: Some IRP was given to a requester while another held it.
        self.two_owners = False
        #: The history, in order.
        self.allocations: list[Holding] = []
        self.frees: list[Holding] = []

    def allocate(self, irp: int, requester: int) -> None:
        """Note that a requester was given an IRP."""
        self.two_owners |= any(irp == other for other, _ in self.held)
        self.held = tuple(sorted((*self.held, (irp, requester))))
        self.allocations.append((irp, requester))

    def free(self, irp: int, requester: int) -> None:
        """Note that a requester called IoFreeIrp, for an IRP that it may not hold."""
        holding = (irp, requester)
        self.frees.append(holding)
        if holding in self.held:
            position = self.held.index(holding)
            self.held = self.held[:position] + self.held[position + 1 :]
        else:
            self.double_free = True

    def owners(self, irp: int) -> int:
        """Give how many requesters hold an IRP."""
        return sum(1 for held, _ in self.held if held == irp)

    def freeze(self) -> FrozenLedger:
        """Give who holds what, and the two flags; not the history."""
        return self.held, self.double_free, self.two_owners

    def thaw(self, frozen: FrozenLedger) -> None:
        """Put back what ``freeze`` gave; the history stays."""
        self.held, self.double_free, self.two_owners = frozen

    def forget(self) -> None:
        """Empty the history."""
        self.allocations.clear()
        self.frees.clear()
