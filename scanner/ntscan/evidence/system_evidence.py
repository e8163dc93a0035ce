"""The types of what the registry hives of one NT system say."""

from typing import Final

from msgspec import Struct

from ntscan.evidence.reading import NOT_COLLECTED, CollectionFailed, Exists, Reading
from ntscan.vocabulary import Product, ServicePack, ServiceStart


class Service(Struct, frozen=True, kw_only=True):
    """One key below ``Services``; the image path is as the registry has it."""

    name: str
    start: Reading[ServiceStart]
    image_path: Reading[str]
    depends_on: Reading[tuple[str, ...]]


class PendingRename(Struct, frozen=True, kw_only=True):
    r"""A file to be moved at the next start, or deleted where ``destination`` is ``None``.

    Both are paths as ``C:\WINNT\...``: without the ``\??\`` of NT's own names, and without the
    ``!`` that allows an existing file to be replaced.
    """

    source: str
    destination: str | None


class SystemEvidence(Struct, frozen=True, kw_only=True):
    """What the hives of one system say; without hives, every reading is NotCollected.

    ``version`` is that of Windows NT ("4.0"), ``active_time_bias`` is minutes to be added to local
    time for UTC. ``services`` holds those of the rules' services that exist, ``dependents`` the
    others that depend on one of them, directly or not. ``dirty_hives`` names the hives whose last
    write was cut off.
    """

    version: Reading[str] = NOT_COLLECTED
    build: Reading[int] = NOT_COLLECTED
    product: Reading[Product] = NOT_COLLECTED
    service_pack: Reading[ServicePack] = NOT_COLLECTED
    hotfix_keys: Reading[tuple[str, ...]] = NOT_COLLECTED
    services: Reading[tuple[Service, ...]] = NOT_COLLECTED
    dependents: Reading[tuple[Service, ...]] = NOT_COLLECTED
    pending_renames: Reading[tuple[PendingRename, ...]] = NOT_COLLECTED
    computer_name: Reading[str] = NOT_COLLECTED
    active_time_bias: Reading[int] = NOT_COLLECTED
    system_root: Reading[str] = NOT_COLLECTED
    dirty_hives: tuple[str, ...] = ()

    def service(self, name: str) -> Service | None:
        """Return a service by name, without regard to case, as far as it was found."""
        known = self.services.value if isinstance(self.services, Exists) else ()
        return next((found for found in known if found.name.lower() == name.lower()), None)

    @property
    def failures(self) -> tuple[str, ...]:
        """What could not be read, each sentence once."""
        parts: list[SystemEvidence | Service] = [self]
        for services in (self.services, self.dependents):
            parts += services.value if isinstance(services, Exists) else ()
        readings = [getattr(part, field) for part in parts for field in part.__struct_fields__]
        return tuple(
            dict.fromkeys(
                reading.message for reading in readings if isinstance(reading, CollectionFailed)
            )
        )


#: A system of which no hive was found.
NO_HIVES: Final = SystemEvidence()
