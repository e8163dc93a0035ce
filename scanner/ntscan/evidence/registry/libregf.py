"""The edge of libregf: whatever it raises becomes a RegistryError with a place and a cause."""

from collections.abc import Iterator
from contextlib import contextmanager

from ntscan.errors import RegistryError
from ntscan.evidence.registry.hive_file import HiveFile


@contextmanager
def edge_of_libregf(place: str, file: HiveFile) -> Iterator[None]:
    """Turn whatever libregf or the file raises into a RegistryError that names the place.

    libregf answers damage with exceptions of any kind, so this one place catches all of them.
    """
    file.refusal = None
    try:
        yield
    except MemoryError:
        raise  # It says nothing of the hive: a limit was set, and is kept.
    except Exception as error:
        raise RegistryError(f"{place} cannot be read: {_reason(error, file.refusal)}") from error


def _reason(error: Exception, refusal: str | None) -> str:
    """Find the cause; in libregf's messages it comes second, after what was tried."""
    if refusal is not None:
        return refusal
    if isinstance(error, RegistryError):
        return str(error)
    if isinstance(error, OSError) and error.strerror is not None:
        return error.strerror
    causes = [cause.partition(": ")[2] for cause in str(error).split(". ")]
    return next((cause for cause in causes[1:] if cause), type(error).__name__)
