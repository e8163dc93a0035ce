"""What an image's own machine code does with its IRPs, run in a sealed interpreter.

``trace`` runs it within a ``Budget``; both are imported when they are first asked for, so that
whoever needs no more than the types starts fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from ntscan.machinecode.traced import CompletionMode, FreedBy, FreeSite, IrpTrace, Trace

if TYPE_CHECKING:
    from ntscan.machinecode.budget import Budget
    from ntscan.machinecode.trace_image import trace

__all__ = ["Budget", "CompletionMode", "FreeSite", "FreedBy", "IrpTrace", "Trace", "trace"]


_PLACES = {"Budget": "ntscan.machinecode.budget", "trace": "ntscan.machinecode.trace_image"}


def __getattr__(name: str) -> object:
    """Import ``trace`` or ``Budget`` when it is first asked for (PEP 562)."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_PLACES[name]), name)
    return value
