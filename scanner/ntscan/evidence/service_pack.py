"""The service pack of an NT 4.0 system, from what its hives say."""

import re
from typing import Final

from ntscan.evidence.hotfix_keys import is_installed
from ntscan.evidence.reading import (
    DoesNotExist,
    Exists,
    Reading,
    Unrecognised,
)
from ntscan.evidence.registry import RegistryKey
from ntscan.evidence.registry_lookup import number, text
from ntscan.vocabulary import ServicePack

#: SP6a is SP6 and this hotfix; CSDVersion is that of SP6 (Q246009).
SP6A_HOTFIX: Final = "Q246009"

# "Service Pack 4 RC 1.2" is what a hotfix can leave on a system with Service Pack 4 (Q222507).
_CSD_VERSION = re.compile(r"Service Pack (\d+[a-z]?)(?:,? RC ?[\d.]+)?", re.ASCII | re.IGNORECASE)


def installed_service_pack(
    current_version: Reading[RegistryKey], control_windows: Reading[RegistryKey]
) -> Reading[ServicePack]:
    r"""Tell which service pack is installed.

    ``current_version`` is the key ``Microsoft\Windows NT\CurrentVersion`` of the SOFTWARE hive,
    whose CSDVersion is a text (Q197099). Where it cannot be read, the number of that name in
    ``control_windows`` answers, the key ``Control\Windows`` of the current control set.
    """
    if isinstance(current_version, Exists):
        named = _named(text(current_version, "CSDVersion"))
    else:
        named = current_version
    match named:
        case Exists(value=ServicePack.SP6):
            return _sp6_or_sp6a(is_installed(current_version, SP6A_HOTFIX))
        case Exists() | Unrecognised():
            return named
        case _:
            return _numbered(number(control_windows, "CSDVersion"), named)


def _named(csd_version: Reading[str]) -> Reading[ServicePack]:
    """Read the text; where there is none, or an empty one, no service pack is installed."""
    match csd_version:
        case Exists(value=words) if words.strip():
            match = _CSD_VERSION.fullmatch(words.strip())
            return _known(match[1] if match else "", words)
        case Exists() | DoesNotExist():
            return Exists(value=ServicePack.RTM)
        case failure:
            return failure


def _sp6_or_sp6a(has_sp6a_hotfix: Reading[bool]) -> Reading[ServicePack]:
    if not isinstance(has_sp6a_hotfix, Exists):
        return has_sp6a_hotfix
    return Exists(value=ServicePack.SP6A if has_sp6a_hotfix.value else ServicePack.SP6)


def _numbered(csd_number: Reading[int], named: Reading[ServicePack]) -> Reading[ServicePack]:
    """Read the number, 0xN00 for Service Pack N; 0x600 may be SP6a and so decides nothing."""
    match csd_number:
        case Exists(value=0):
            return Exists(value=ServicePack.RTM)
        case Exists(value=0x600):
            return named
        case Exists(value=code):
            name = f"{code >> 8}" if code & 0xFF == 0 else ""
            return _known(name, f"CSDVersion {code:#x}")
        case _:
            return named


def _known(name: str, found: str) -> Reading[ServicePack]:
    for service_pack in ServicePack:
        if service_pack.lower() == f"sp{name.lower()}":
            return Exists(value=service_pack)
    return Unrecognised(text=found)
