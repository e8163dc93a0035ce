"""What an image's own machine code does with its IRPs, run in a sealed interpreter.

``trace`` runs it; it is imported when it is first asked for, so that whoever needs no more than the
types starts fast.
"""

from typing import TYPE_CHECKING

from ntscan.machinecode.budget import Budget
from ntscan.machinecode.traced import CompletionMode, FreedBy, FreeSite, IrpTrace, Trace

if TYPE_CHECKING:
    from ntscan.machinecode.trace_image import trace

__all__ = ["Budget", "CompletionMode", "FreeSite", "FreedBy", "IrpTrace", "Trace", "trace"]


def __getattr__(name: str) -> object:
    """Import ``trace`` when it is first asked for (PEP 562)."""
    if name != "trace":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ntscan.machinecode.trace_image import trace  # noqa: PLC0415  see above

    return trace
