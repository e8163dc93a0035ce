"""What a registry key lists: its subkeys, or its values, by name."""

from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from ntscan.errors import RegistryError


class KeyEntry(Struct, frozen=True):
    """A subkey or value: its name, and libregf's object (which has no types to name it by)."""

    name: str
    item: Any


@dataclass(slots=True)
class KeyEntries:
    """What a key lists, by upper-case name; ``damage`` says why that may not be all."""

    found: dict[str, KeyEntry] = field(default_factory=dict)
    damage: str | None = None

    def find(self, name: str) -> KeyEntry | None:
        """Find an entry; raises RegistryError where it is not found and may have been lost."""
        entry = self.found.get(name.upper())
        if entry is None:
            self.refuse_damage()
        return entry

    def refuse_damage(self) -> None:
        """Raise RegistryError where the list may not be whole."""
        if self.damage is not None:
            raise RegistryError(self.damage)
