"""What a finding shows: the driver model, and the file's own machine code, as report entries."""

from typing import Final

from ntscan.drivermodel.demonstrate import Demonstration
from ntscan.evidence.characteristics import FileItem
from ntscan.machinecode.traced import Trace
from ntscan.reporting.report import DemonstrationEntry
from ntscan.reporting.trace_report import machine_code_entry
from ntscan.vocabulary import Basis, Grade

_DOUBLE_FREE: Final = (Grade.OBSERVED, Grade.OBSERVED_OTHER)
_ASSUMPTIONS: Final = (
    "The file's machine code was interpreted against a model of the kernel; nothing was executed.",
    "What no path of the run met is not shown, and no other driver was there.",
)


def model_demonstration(demonstration: Demonstration, chosen_by: str) -> DemonstrationEntry:
    """Report what the driver model did."""
    return DemonstrationEntry(
        basis=Basis.DRIVER_MODEL,
        behaviour=demonstration.behaviour,
        chosen_by=chosen_by,
        allocations=demonstration.allocations,
        frees=demonstration.frees,
        double_free=demonstration.double_free,
        io_operations_until_stop=demonstration.io_operations_until_stop,
        stop_code=demonstration.stop_code,
        trace=demonstration.trace,
        assumptions=demonstration.assumptions,
        machine_code=None,
    )


def trace_demonstration(trace: Trace, file: FileItem) -> DemonstrationEntry:
    """Report what the machine code of a file did; ``frees`` is of the IRP that was freed most."""
    return DemonstrationEntry(
        basis=Basis.MACHINE_CODE,
        behaviour=None,
        chosen_by="the file's own machine code",
        allocations=1 if trace.irps else 0,
        frees=max((irp.frees for irp in trace.irps), default=0),
        double_free=trace.grade in _DOUBLE_FREE,
        io_operations_until_stop=None,
        stop_code=None,
        trace=(),
        assumptions=_ASSUMPTIONS,
        machine_code=machine_code_entry(trace, file.hashes.sha256),
    )
