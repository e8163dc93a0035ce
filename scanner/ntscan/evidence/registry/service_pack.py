"""The service pack of an NT 4.0 system, from what its hives say."""

import re
from typing import Final

from ntscan.evidence.reading import (
    Contradictory,
    DoesNotExist,
    Exists,
    Reading,
    Unrecognised,
)
from ntscan.evidence.registry.hotfix_keys import is_installed
from ntscan.evidence.registry.key import RegistryKey
from ntscan.evidence.registry.lookup import number, text
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
    whose CSDVersion is a text (Q197099). ``control_windows`` is the key ``Control\Windows`` of the
    current control set, whose CSDVersion is a number, 0xN00 for Service Pack N. The number answers
    where the text cannot be had. Where the two contradict each other, neither is believed: one of
    them was changed or is damaged.
    """
    named = _named(current_version)
    csd_number = number(control_windows, "CSDVersion")
    if not isinstance(csd_number, Exists):
        return named
    numbered = _numbered(csd_number.value)
    match named:
        case Unrecognised():
            return named
        case Exists(value=service_pack):
            told = ServicePack.SP6 if service_pack is ServicePack.SP6A else service_pack
            if numbered == Exists(value=told):
                return named
            return Contradictory(
                message=f"CSDVersion contradicts itself: the hive SOFTWARE says {told}, "
                f"and the hive SYSTEM {csd_number.value:#x}"
            )
        case _:
            return named if numbered == Exists(value=ServicePack.SP6) else numbered


def _named(current_version: Reading[RegistryKey]) -> Reading[ServicePack]:
    """Read the text; where there is none, or an empty one, no service pack is installed."""
    if not isinstance(current_version, Exists):
        return current_version
    match text(current_version, "CSDVersion"):
        case Exists(value=words) if words.strip():
            match = _CSD_VERSION.fullmatch(words.strip())
            named = _known(match[1] if match else "", words)
        case Exists() | DoesNotExist():
            named = Exists(value=ServicePack.RTM)
        case failure:
            named = failure
    if named == Exists(value=ServicePack.SP6):
        return _sp6_or_sp6a(is_installed(current_version, SP6A_HOTFIX))
    return named


def _sp6_or_sp6a(has_sp6a_hotfix: Reading[bool]) -> Reading[ServicePack]:
    if not isinstance(has_sp6a_hotfix, Exists):
        return has_sp6a_hotfix
    return Exists(value=ServicePack.SP6A if has_sp6a_hotfix.value else ServicePack.SP6)


def _numbered(csd_number: int) -> Reading[ServicePack]:
    if csd_number == 0:
        return Exists(value=ServicePack.RTM)
    return _known(f"{csd_number >> 8}", f"CSDVersion {csd_number:#x}")


def _known(name: str, found: str) -> Reading[ServicePack]:
    for service_pack in ServicePack:
        if service_pack.lower() == f"sp{name.lower()}":
            return Exists(value=service_pack)
    return Unrecognised(text=found)
