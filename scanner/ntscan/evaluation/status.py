"""The status table: rows tried from the top, the first that fits decides."""

from collections.abc import Callable
from typing import Final, TypeAlias

from msgspec import Struct

from ntscan.evaluation.case import Case
from ntscan.evidence.reading import Exists, Unrecognised
from ntscan.vocabulary import Build, Justification, Status


class Conclusion(Struct, frozen=True, kw_only=True):
    """A status and the sentence that gives its reason."""

    status: Status
    reason: str
    justification: Justification | None = None


Row: TypeAlias = Callable[[Case], Conclusion | None]


def conclude(case: Case) -> Conclusion:
    """Try the rows of the status table from the top; where none fits, nothing decides."""
    fitting = (conclusion for row in _ROWS if (conclusion := row(case)) is not None)
    return next(fitting, None) or _newer_otherwise(case)


def _other_operating_system(case: Case) -> Conclusion | None:
    if case.other_system is None:
        return None
    return Conclusion(
        status=Status.NOT_AFFECTED,
        justification=Justification.OTHER_OPERATING_SYSTEM,
        reason=f"This is {case.other_system}, and {case.advisory.id} is about Windows NT 4.0.",
    )


def _place_unreadable(case: Case) -> Conclusion | None:
    if case.file is not None or case.blocked_at is None:
        return None
    return _undetermined(
        f"{case.advisory.file_name} was not found, but it could be where the scan cannot look: "
        f"{case.blocked_at.path}: {case.blocked_at.message}."
    )


def _component_absent(case: Case) -> Conclusion | None:
    if case.file is not None:
        return None
    name, component = case.advisory.file_name, case.advisory.component
    reason = f"{name} is not there: {component} is not installed on this Windows NT."
    if name in case.system.missing_images:
        reason = f"{name} is not where the registry says, so that {component} cannot start."
    return Conclusion(
        status=Status.NOT_AFFECTED,
        justification=Justification.COMPONENT_NOT_PRESENT,
        reason=reason,
    )


def _product_without_component(case: Case) -> Conclusion | None:
    product = case.system.registry.product
    for without in case.advisory.products_without_component:
        if isinstance(product, Exists) and product.value is without.product:
            return Conclusion(
                status=Status.NOT_AFFECTED,
                justification=Justification.PRODUCT_NOT_LISTED,
                reason=f"{case.advisory.component} does not exist on Windows NT "
                f"{without.product} ({without.source}).",
            )
    return None


def _product_not_listed(case: Case) -> Conclusion | None:
    product = case.system.registry.product
    if isinstance(product, Unrecognised):
        return _undetermined(
            f"The registry names the product {product.text!r}, which is none of Windows NT 4.0's."
        )
    if isinstance(product, Exists) and product.value not in case.advisory.applicability.products:
        return _undetermined(
            f"{case.advisory.id} does not list Windows NT {product.value}; nobody published "
            "whether its builds are affected."
        )
    return None


def _service_pack_never_existed(case: Case) -> Conclusion | None:
    service_pack = case.system.registry.service_pack
    if not isinstance(service_pack, Unrecognised):
        return None
    return _undetermined(
        f"The registry names {service_pack.text!r}, a service pack that never existed for "
        "Windows NT 4.0; find out what this machine runs."
    )


def _machine_without_fix(case: Case) -> Conclusion | None:
    if case.image is None or case.fix is not None:
        return None
    return _undetermined(
        f"The fix of {case.advisory.id} was never published for {case.image.machine}."
    )


def _by_build(case: Case) -> Conclusion | None:
    name, basis = case.advisory.file_name, case.order.basis
    match case.order.build:
        case Build.UNKNOWN:
            return _undetermined(f"Which build of {name} this is, nothing decides: {basis}.")
        case Build.THE_FIX:
            return _fixed(f"This {name} is the fix of {case.advisory.id}: {basis}.")
        case Build.OLDER:
            return Conclusion(
                status=Status.AFFECTED,
                reason=f"This {name} is older than the fix of {case.advisory.id}: {basis}. "
                f"It {case.advisory.defect}.",
            )
        case Build.NEIGHBOUR | Build.NEWER | None:
            return None


def undecided_neighbour(case: Case) -> Conclusion | None:
    """Return what is concluded of a neighbour where every row before its own lets it through."""
    before = _ROWS[: _ROWS.index(_neighbour)]
    return _neighbour(case) if all(row(case) is None for row in before) else None


def _neighbour(case: Case) -> Conclusion | None:
    if case.order.neighbour is None:
        return None
    neighbour, keys = case.order.neighbour, case.system.registry.hotfix_keys
    installed = keys.value if isinstance(keys, Exists) else ()
    if case.advisory.id in installed and neighbour.hotfix not in installed:
        return _fixed(
            f"This {case.advisory.file_name} is the fix of {case.advisory.id}: {case.order.basis}, "
            f"but only the hotfix key {case.advisory.id} is in the registry."
        )
    return _undetermined(
        f"This {case.advisory.file_name} may be the fix of {case.advisory.id} or not: "
        f"{case.order.basis}, and no article says whether that build holds the fix."
        + ("" if case.trace else " The image's machine code or a known hash can tell.")
    )


def _newer_than_every_release(case: Case) -> Conclusion | None:
    if case.image is None:
        return None
    later = case.advisory.later_builds.hold_fix_from
    if not case.order.by_version and case.image.time_date_stamp < later:
        return None
    return _fixed(
        f"This {case.advisory.file_name} is newer than the fix of {case.advisory.id}: "
        f"{case.order.basis}, and no release without the fix came later."
    )


def _newer_than_its_service_pack(case: Case) -> Conclusion | None:
    releases, service_pack = case.advisory.releases_without_fix, case.system.registry.service_pack
    below = isinstance(service_pack, Exists) and all(
        service_pack.value.precedes(release.service_pack) for release in releases
    )
    if not below and releases:
        return None
    return _fixed(
        f"This {case.advisory.file_name} is newer than the fix of {case.advisory.id}: "
        f"{case.order.basis}, and no service pack on this machine can have brought a build "
        "without it."
    )


def _newer_otherwise(case: Case) -> Conclusion:
    names = " and ".join(release.service_pack for release in case.advisory.releases_without_fix)
    return _undetermined(
        f"This {case.advisory.file_name} may be the build of a release without the fix: "
        f"{case.order.basis}, but {names} were built after it too, and do not hold it. Say which "
        "service pack the machine has (--service-pack)."
    )


_ROWS: Final[tuple[Row, ...]] = (
    _other_operating_system,
    _place_unreadable,
    _component_absent,
    _product_without_component,
    _product_not_listed,
    _service_pack_never_existed,
    _machine_without_fix,
    _by_build,
    _neighbour,
    _newer_than_every_release,
    _newer_than_its_service_pack,
)


def _undetermined(reason: str) -> Conclusion:
    return Conclusion(status=Status.UNDETERMINED, reason=reason)


def _fixed(reason: str) -> Conclusion:
    return Conclusion(status=Status.FIXED, reason=reason)
