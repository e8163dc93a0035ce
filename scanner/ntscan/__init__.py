"""ntscan: an offline patch-applicability scanner for Windows NT 4.0.

The Python interface, after the commands: ``scan`` reads files, folders and disk images and returns
a ``Report``; ``audit`` scans many targets and yields a ``TargetLine`` for each as it finishes;
``trace`` runs the machine code in a driver's bytes and returns a ``Trace``; ``load_rules`` loads
the rule book. ``Options`` are what can be asked for: ``msgspec.structs.replace(EVERYTHING, ...)``
changes one of them. Whatever ntscan raises on purpose is an ``NtscanError``.

All are imported when first used, so that ``ntscan --help`` starts fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from ntscan import version

if TYPE_CHECKING:
    from ntscan.asking import EVERYTHING
    from ntscan.auditing.engine import Engine
    from ntscan.auditing.limits import Limits
    from ntscan.auditing.run import audit
    from ntscan.composer import scan
    from ntscan.errors import NtscanError
    from ntscan.machinecode import Trace, trace
    from ntscan.reporting.report import Options, Report, TargetLine
    from ntscan.rulebook.load import load_rules

__version__ = version.VERSION

__all__ = [
    "EVERYTHING",
    "Engine",
    "Limits",
    "NtscanError",
    "Options",
    "Report",
    "TargetLine",
    "Trace",
    "__version__",
    "audit",
    "load_rules",
    "scan",
    "trace",
]

_PLACES = {
    "EVERYTHING": "ntscan.asking",
    "Engine": "ntscan.auditing.engine",
    "Limits": "ntscan.auditing.limits",
    "NtscanError": "ntscan.errors",
    "Options": "ntscan.reporting.report",
    "Report": "ntscan.reporting.report",
    "TargetLine": "ntscan.reporting.report",
    "Trace": "ntscan.machinecode",
    "audit": "ntscan.auditing.run",
    "load_rules": "ntscan.rulebook.load",
    "scan": "ntscan.composer",
    "trace": "ntscan.machinecode",
}

if not TYPE_CHECKING:  # A type checker takes the names from above, and tells a misspelling.

    def __getattr__(name: str) -> object:
        """Import a public name when it is first asked for (PEP 562)."""
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value: object = getattr(import_module(_PLACES[name]), name)
        globals()[name] = value
        return value
