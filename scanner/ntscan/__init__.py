"""ntscan: an offline patch-applicability scanner for Windows NT 4.0.

The Python interface: ``scan`` reads files and folders and returns a ``Report``; ``audit`` scans
many targets and yields a ``TargetLine`` for each; ``load_rules`` loads the rule book. All are
imported when first used, so that ``ntscan --help`` starts fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from ntscan import version

if TYPE_CHECKING:
    from ntscan.auditing.engine import Engine
    from ntscan.auditing.limits import Limits
    from ntscan.auditing.run import audit
    from ntscan.composer import scan
    from ntscan.reporting.report import Options, Report, TargetLine
    from ntscan.rulebook.load import load_rules

__version__ = version.VERSION

__all__ = [
    "Engine",
    "Limits",
    "Options",
    "Report",
    "TargetLine",
    "__version__",
    "audit",
    "load_rules",
    "scan",
]

_PLACES = {
    "Engine": "ntscan.auditing.engine",
    "Limits": "ntscan.auditing.limits",
    "Options": "ntscan.reporting.report",
    "Report": "ntscan.reporting.report",
    "TargetLine": "ntscan.reporting.report",
    "audit": "ntscan.auditing.run",
    "load_rules": "ntscan.rulebook.load",
    "scan": "ntscan.composer",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for (PEP 562)."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_PLACES[name]), name)
    globals()[name] = value
    return value
