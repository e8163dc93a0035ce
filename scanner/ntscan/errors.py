"""The one tree of errors that ntscan raises on purpose; a message names the path and a remedy."""


class NtscanError(Exception):
    """Root of every error that ntscan raises on purpose."""


class UsageError(NtscanError):
    """The command was given something that it cannot work with: exit code 2."""


class RuleError(UsageError):
    """A rule does not load: its message begins with ``file:line:`` and the field."""


class SourceError(NtscanError):
    """A file or folder could not be reached or read."""


class ImageError(NtscanError):
    """Bytes that should be a PE image are none, or are too damaged to be read as one."""


class RegistryError(SourceError):
    """A registry hive, or a key or value in it, is there and cannot be read."""


class ReportError(NtscanError):
    """Bytes that should be a line of an audit are none."""


class ScanFailed(NtscanError):  # noqa: N818  it names what happened to one target, as a reason
    """The scan of one target ended without a result; the message is a sentence that says why."""


class EngineError(NtscanError):
    """What runs the scans of an audit, a watching process or a cluster, was lost."""
