r"""The NT system around a file: product, service pack, hotfixes and services, from its hives.

The hives are ``SYSTEM`` and ``SOFTWARE`` of ``%SystemRoot%\system32\config``.
"""

from collections.abc import Collection
from typing import BinaryIO

from ntscan.evidence.reading import CollectionFailed, DoesNotExist, Exists, Reading, Unrecognised
from ntscan.evidence.registry.hive import RegistryHive
from ntscan.evidence.registry.hotfix_keys import installed_hotfixes
from ntscan.evidence.registry.key import RegistryKey
from ntscan.evidence.registry.lookup import key, number, opened, subkey, text
from ntscan.evidence.registry.pending_renames import pending_renames
from ntscan.evidence.registry.product import installed_product
from ntscan.evidence.registry.service_pack import installed_service_pack
from ntscan.evidence.registry.services import dependent_services, named_services
from ntscan.evidence.system_evidence import SystemEvidence

_BUILD_DIGITS = 5


def collect_system(
    *, system: Reading[BinaryIO], software: Reading[BinaryIO], service_names: Collection[str]
) -> SystemEvidence:
    """Read a system's two hives, each a seekable file as far as there is one; raises nothing.

    ``service_names`` are the services that the rules are about.
    """
    with opened(system, "SYSTEM") as system_hive, opened(software, "SOFTWARE") as software_hive:
        control_set = _current_control_set(system_hive)
        control = subkey(control_set, "Control")
        services = subkey(control_set, "Services")
        current_version = key(software_hive, r"Microsoft\Windows NT\CurrentVersion")
        return SystemEvidence(
            version=text(current_version, "CurrentVersion"),
            build=_build(text(current_version, "CurrentBuildNumber")),
            product=installed_product(subkey(control, "ProductOptions")),
            service_pack=installed_service_pack(current_version, subkey(control, "Windows")),
            hotfix_keys=installed_hotfixes(current_version),
            services=named_services(services, service_names),
            dependents=dependent_services(services, service_names),
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
    current = number(key(system, "Select"), "Current")
    match current:
        case Exists(value=number_of_set):
            found = key(system, f"ControlSet{number_of_set:03}")
        case DoesNotExist():
            found = DoesNotExist()
        case other:
            return other
    if not isinstance(found, DoesNotExist):
        return found
    return CollectionFailed(
        message="the hive SYSTEM holds no control set that is current: Select names none, or one "
        "that is not there; copy it again"
    )


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
