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
