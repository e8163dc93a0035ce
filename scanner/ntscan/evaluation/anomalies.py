"""What a person should look at beside the verdict; no anomaly changes a status by itself."""

import re
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from ntscan.evaluation.case import Case
from ntscan.evaluation.machine_code import contradicts_build
from ntscan.evaluation.status import Conclusion
from ntscan.evidence.reading import Exists
from ntscan.vocabulary import Anomaly, Build, ServicePack, Status

_LAST_TWO_PARTS: Final = re.compile(r"[^\\/]+[\\/][^\\/]+$")

Sign: TypeAlias = Callable[[Case, Conclusion], bool]


def anomalies(case: Case, conclusion: Conclusion) -> tuple[Anomaly, ...]:
    """Name every anomaly of a file, in a fixed order.

    What the system says beside the file is said of the file that speaks for it, and of no copy.
    """
    return (*case.order.anomalies, *_signs(case, conclusion))


def _signs(case: Case, conclusion: Conclusion) -> Iterator[Anomaly]:
    decides = case.file is None or case.file.decides
    for anomaly, sign in {**_FILE_SIGNS, **(_SYSTEM_SIGNS if decides else {})}.items():
        if sign(case, conclusion):
            yield anomaly


def _original_filename_differs(case: Case, _conclusion: Conclusion) -> bool:
    version = case.image.version if case.image is not None else None
    original = version.original_filename if version is not None else None
    return original is not None and original.lower() != case.advisory.file_name


def _image_path_missing(case: Case, _conclusion: Conclusion) -> bool:
    return case.file is None and case.advisory.file_name in case.system.missing_images


def _hotfix_key_without_file(case: Case, _conclusion: Conclusion) -> bool:
    """The key says installed and the file is older: something put an older file back."""
    return case.order.build is Build.OLDER and _has_key(case) is True


def _file_without_hotfix_key(case: Case, conclusion: Conclusion) -> bool:
    """Fixed, and the hives know of no hotfix: the file was copied by hand."""
    return conclusion.status is Status.FIXED and _has_key(case) is False


def _has_key(case: Case) -> bool | None:
    keys = case.system.registry.hotfix_keys
    return case.advisory.id in keys.value if isinstance(keys, Exists) else None


def _service_pack_not_reapplied(case: Case, _conclusion: Conclusion) -> bool:
    """The file is the build of an earlier release than the service pack of its machine."""
    installed = case.system.registry.service_pack
    if case.order.build is not Build.OLDER or not isinstance(installed, Exists):
        return False
    return any(release.precedes(installed.value) for release in _releases(case))


def _releases(case: Case) -> Iterator[ServicePack]:
    """Yield the releases that shipped a file of this machine and size."""
    for known in case.advisory.known_builds:
        same_size = case.file is not None and known.size == case.file.size
        same_machine = case.image is not None and known.machine == case.image.machine
        if same_size and same_machine and known.service_pack is not None:
            yield known.service_pack


def _pending_rename(case: Case, _conclusion: Conclusion) -> bool:
    """A rename that waits for the next start names the file: installed, but not restarted."""
    renames = case.system.registry.pending_renames
    if not isinstance(renames, Exists):
        return False
    usual = f"drivers\\{case.advisory.file_name}"
    place = _LAST_TWO_PARTS.search(case.file.path) if case.file is not None else None
    driver = place[0].replace("/", "\\").lower() if place is not None else usual
    return any(
        path.lower().endswith(f"\\{driver}")
        for rename in renames.value
        for path in (rename.source, rename.destination or "")
    )


_FILE_SIGNS: Final[dict[Anomaly, Sign]] = {
    Anomaly.MACHINE_CODE_CONTRADICTS_BUILD: contradicts_build,
    Anomaly.ORIGINAL_FILENAME_DIFFERS: _original_filename_differs,
}
_SYSTEM_SIGNS: Final[dict[Anomaly, Sign]] = {
    Anomaly.IMAGE_PATH_MISSING: _image_path_missing,
    Anomaly.HOTFIX_KEY_WITHOUT_FILE: _hotfix_key_without_file,
    Anomaly.FILE_WITHOUT_HOTFIX_KEY: _file_without_hotfix_key,
    Anomaly.SERVICE_PACK_NOT_REAPPLIED: _service_pack_not_reapplied,
    Anomaly.PENDING_RENAME: _pending_rename,
}
