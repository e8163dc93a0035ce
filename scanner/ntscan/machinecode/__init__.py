"""What an image's own machine code does with its IRPs, run in a sealed interpreter."""

from ntscan.machinecode.budget import Budget
from ntscan.machinecode.trace_image import trace
from ntscan.machinecode.traced import CompletionMode, FreedBy, FreeSite, IrpTrace, Trace

__all__ = ["Budget", "CompletionMode", "FreeSite", "FreedBy", "IrpTrace", "Trace", "trace"]
