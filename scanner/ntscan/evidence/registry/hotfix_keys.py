r"""Hotfix keys: what ``Windows NT\CurrentVersion\Hotfix`` says is installed.

A key counts when its value ``Installed`` is 1; nothing else in it is guaranteed (Q238552).
"""

from ntscan.errors import RegistryError
from ntscan.evidence.reading import CollectionFailed, DoesNotExist, Exists, Reading
from ntscan.evidence.registry.key import RegistryKey
from ntscan.evidence.registry.lookup import subkey


def installed_hotfixes(current_version: Reading[RegistryKey]) -> Reading[tuple[str, ...]]:
    """List the installed hotfixes by key name, upper case and sorted; none is an empty tuple."""
    if not isinstance(current_version, Exists):
        return current_version
    match subkey(current_version, "Hotfix"):
        case Exists(value=hotfix):
            pass
        case DoesNotExist():
            return Exists(value=())
        case failure:
            return failure
    try:
        names = {key.name.upper() for key in hotfix.subkeys() if _says_installed(key)}
    except RegistryError as error:
        return CollectionFailed(message=str(error))
    return Exists(value=tuple(sorted(names)))


def is_installed(current_version: Reading[RegistryKey], name: str) -> Reading[bool]:
    """Say whether one hotfix is installed; other keys, damaged or not, do not matter."""
    match subkey(current_version, rf"Hotfix\{name}"):
        case Exists(value=key):
            try:
                return Exists(value=_says_installed(key))
            except RegistryError as error:
                return CollectionFailed(message=str(error))
        case DoesNotExist():
            return Exists(value=False)
        case failure:
            return failure


def _says_installed(key: RegistryKey) -> bool:
    return key.value("Installed") == 1
