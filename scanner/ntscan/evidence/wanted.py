"""What a scan looks for: a file, and the services around it."""

from msgspec import Struct


class Wanted(Struct, frozen=True, kw_only=True):
    """A file by its name in lower case.

    ``driver`` is the service whose ImagePath says where the file is, if one does; ``services`` are
    those of its component.
    """

    file_name: str
    driver: str | None = None
    services: tuple[str, ...] = ()
