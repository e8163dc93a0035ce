"""What no source states about NT 4.0, as choices that every result of the model names."""

from enum import StrEnum
from typing import Final, assert_never

from msgspec import Struct

from ntscan.drivermodel.bugcheck import Irql
from ntscan.drivermodel.layouts import LAYOUTS, Platform


class Allocator(StrEnum):
    """Where IoAllocateIrp takes an IRP from, and where IoFreeIrp puts it."""

    LOOKASIDE = "lookaside"
    POOL = "pool"


class Refusal(StrEnum):
    """What makes FastIoUnlockSingle answer FALSE."""

    NOTHING = "nothing"
    OPLOCK = "oplock"
    BYTE_RANGE_LOCKS = "byte-range-locks"
    FILTER = "filter"


class Completion(StrEnum):
    """When the file system completes an unlock request: in its dispatch routine, or later."""

    IMMEDIATE = "immediate"
    PENDING = "pending"


class Policies(Struct, frozen=True, kw_only=True):
    """One choice for each open question; the defaults are the inferences in the docs."""

    allocator: Allocator = Allocator.LOOKASIDE
    #: Whether IoFreeIrp stops with 0x44 on an IRP whose Type is not IO_TYPE_IRP, as later systems.
    type_check: bool = False
    platform: Platform = Platform.X86
    completion: Completion = Completion.IMMEDIATE
    #: The IRQL at which other drivers start their I/O; it decides between 0x1E and 0x0A.
    traffic_irql: Irql = Irql.PASSIVE_LEVEL
    #: How many free IRPs the lookaside list keeps before IoFreeIrp gives them to the pool.
    lookaside_depth: int = 8
    #: Why Fast I/O is refused; a filter attached above the file system costs a stack location.
    refusal: Refusal = Refusal.OPLOCK

    def assumptions(self) -> tuple[str, ...]:
        """Say in sentences what these choices assume, and what the model does not do."""
        return (
            "The model simulates; the scanned driver is not executed.",
            _NO_CODE_PROMISED,
            self._allocator_assumption(),
            _TYPE_CHECK_ASSUMPTION[self.type_check],
            _POOL_ASSUMPTION,
            f"Other drivers ask for IRPs of SFM's size, at {self.traffic_irql.name}.",
            _LAYOUT_ASSUMPTION[LAYOUTS[self.platform].derived],
            _ADDRESS_ASSUMPTION,
        )

    def _allocator_assumption(self) -> str:
        match self.allocator:
            case Allocator.LOOKASIDE:
                return (
                    "IRP allocator policy lookaside: freed IRPs go to a last-in, first-out list"
                    f" that keeps {self.lookaside_depth}, and whose link overlays their first"
                    " bytes; no source states what NT 4.0 does."
                )
            case Allocator.POOL:
                return (
                    "IRP allocator policy pool: freed IRPs go to nonpaged pool, whose free lists"
                    " run through the first bytes of free blocks; no source states what NT 4.0"
                    " does."
                )
        assert_never(self.allocator)


_NO_CODE_PROMISED: Final = (
    "The article promises a STOP error and names no code; the one shown follows from the model's"
    " memory."
)
_POOL_ASSUMPTION: Final = (
    "Pool headers, free lists and merging are the model's own reading; ExFreePool checks a block's"
    " sizes against its neighbours' and nothing else."
)
_TYPE_CHECK_ASSUMPTION: Final = {
    True: "IoFreeIrp checks the IRP's Type, as later systems do; no source says it of NT 4.0.",
    False: "IoFreeIrp does not check the IRP's Type; later systems do, of NT 4.0 no source says.",
}
_ADDRESS_ASSUMPTION: Final = (
    "Addresses are the model's own; outside its few regions, user range included, is no memory."
)
_LAYOUT_ASSUMPTION: Final = {
    False: "Structure layouts are those of the public DDK headers for x86.",
    True: "Structure layouts are derived for Alpha from the declarations, unverified.",
}
