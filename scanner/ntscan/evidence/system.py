r"""The NT system around a file: product, service pack, hotfixes and services, from its hives.

The hives are ``SYSTEM`` and ``SOFTWARE`` of ``%SystemRoot%\system32\config``.
"""

from dataclasses import dataclass, fields
from typing import BinaryIO

from ntscan.evidence.hotfix_keys import installed_hotfixes
from ntscan.evidence.pending_renames import PendingRename, pending_renames
from ntscan.evidence.product import installed_product
from ntscan.evidence.reading import CollectionFailed, Exists, Reading, Unrecognised
from ntscan.evidence.registry import RegistryHive, RegistryKey
from ntscan.evidence.registry_lookup import key, number, opened, subkey, text
from ntscan.evidence.service_pack import installed_service_pack
from ntscan.evidence.services import Service, sfm_services
from ntscan.vocabulary import Product, ServicePack

_BUILD_DIGITS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemEvidence:
    """What the hives of one system say.

    ``version`` is that of Windows NT ("4.0"), ``active_time_bias`` is minutes to be added to local
    time for UTC. ``services`` holds those of SFM_SERVICES that exist. ``dirty_hives`` names the
    hives whose last write was cut off.
    """

    version: Reading[str]
    build: Reading[int]
    product: Reading[Product]
    service_pack: Reading[ServicePack]
    hotfix_keys: Reading[tuple[str, ...]]
    services: Reading[tuple[Service, ...]]
    pending_renames: Reading[tuple[PendingRename, ...]]
    computer_name: Reading[str]
    active_time_bias: Reading[int]
    system_root: Reading[str]
    dirty_hives: tuple[str, ...]

    @property
    def failures(self) -> tuple[str, ...]:
        """What could not be read, each sentence once."""
        services = self.services.value if isinstance(self.services, Exists) else ()
        parts: tuple[SystemEvidence | Service, ...] = (self, *services)
        readings = [getattr(part, field.name) for part in parts for field in fields(part)]
        return tuple(
            dict.fromkeys(
                reading.message for reading in readings if isinstance(reading, CollectionFailed)
            )
        )


def collect_system(*, system: Reading[BinaryIO], software: Reading[BinaryIO]) -> SystemEvidence:
    """Read a system's two hives, each a seekable file as far as there is one; raises nothing."""
    with opened(system, "SYSTEM") as system_hive, opened(software, "SOFTWARE") as software_hive:
        control_set = _current_control_set(system_hive)
        control = subkey(control_set, "Control")
        current_version = key(software_hive, r"Microsoft\Windows NT\CurrentVersion")
        return SystemEvidence(
            version=text(current_version, "CurrentVersion"),
            build=_build(text(current_version, "CurrentBuildNumber")),
            product=installed_product(subkey(control, "ProductOptions")),
            service_pack=installed_service_pack(current_version, subkey(control, "Windows")),
            hotfix_keys=installed_hotfixes(current_version),
            services=sfm_services(subkey(control_set, "Services")),
            pending_renames=pending_renames(subkey(control, "Session Manager")),
            computer_name=text(subkey(control, r"ComputerName\ComputerName"), "ComputerName"),
            active_time_bias=_signed(
                number(subkey(control, "TimeZoneInformation"), "ActiveTimeBias")
            ),
            system_root=text(current_version, "SystemRoot"),
            dirty_hives=tuple(
                hive.value.name
                for hive in (system_hive, software_hive)
                if isinstance(hive, Exists) and hive.value.is_dirty
            ),
        )


def _current_control_set(system: Reading[RegistryHive]) -> Reading[RegistryKey]:
    r"""Find the control set that the system last started with: ``Select\Current`` numbers it."""
    match number(key(system, "Select"), "Current"):
        case Exists(value=current):
            return key(system, f"ControlSet{current:03}")
        case other:
            return other


def _build(build_number: Reading[str]) -> Reading[int]:
    if not isinstance(build_number, Exists):
        return build_number
    digits = build_number.value.strip()
    if digits.isascii() and digits.isdecimal() and len(digits) <= _BUILD_DIGITS:
        return Exists(value=int(digits))
    return Unrecognised(text=f"CurrentBuildNumber {build_number.value}")


def _signed(bias: Reading[int]) -> Reading[int]:
    """Read a REG_DWORD as signed: zones east of Greenwich have a negative bias."""
    if not isinstance(bias, Exists):
        return bias
    return Exists(value=bias.value - (bias.value >> 31 << 32))
