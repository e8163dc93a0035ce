"""STOP errors: how the kernel ends when one of its own checks fails."""

from enum import IntEnum

from ntscan.drivermodel.memory import SYSTEM_RANGE_START, PageFaultError


class Irql(IntEnum):
    """The two interrupt request levels at which the modelled code runs."""

    PASSIVE_LEVEL = 0
    DISPATCH_LEVEL = 2


class StopCode(IntEnum):
    """The bug checks that the modelled kernel makes."""

    IRQL_NOT_LESS_OR_EQUAL = 0x0A
    BAD_POOL_HEADER = 0x19
    KMODE_EXCEPTION_NOT_HANDLED = 0x1E
    NO_MORE_IRP_STACK_LOCATIONS = 0x35
    MULTIPLE_IRP_COMPLETE_REQUESTS = 0x44
    PAGE_FAULT_IN_NONPAGED_AREA = 0x50

    def __str__(self) -> str:
        """Write the code as Windows prints it on the blue screen."""
        return f"0x{self.value:08X}"


class BugCheckError(Exception):
    """The kernel called KeBugCheckEx: the machine stops here, for the reason in the message."""

    def __init__(self, code: StopCode, why: str) -> None:
        super().__init__(f"STOP {code} {code.name}: {why}")
        self.code = code
        self.why = why


def bug_check_of(fault: PageFaultError, irql: Irql) -> BugCheckError:
    """Say which STOP an unhandled page fault in kernel mode becomes, by address and IRQL."""
    access = f"{fault} at IRQL {irql.name}"
    if irql >= Irql.DISPATCH_LEVEL:
        return BugCheckError(
            StopCode.IRQL_NOT_LESS_OR_EQUAL, f"{access}, where no page may be fetched"
        )
    if fault.address >= SYSTEM_RANGE_START:
        return BugCheckError(
            StopCode.PAGE_FAULT_IN_NONPAGED_AREA, f"{access}, in the system range, not mapped"
        )
    return BugCheckError(
        StopCode.KMODE_EXCEPTION_NOT_HANDLED,
        f"{access}, in the user range, not mapped, raises STATUS_ACCESS_VIOLATION unhandled",
    )
