"""The questions put to the system: does the article list it, and was the hotfix installed."""

from collections.abc import Iterator
from typing import assert_never

from ntscan.evaluation.finding import Criterion
from ntscan.evidence.characteristics import SystemCharacteristics
from ntscan.evidence.reading import (
    CollectionFailed,
    DoesNotExist,
    Exists,
    NotCollected,
    Unrecognised,
)
from ntscan.rulebook.advisory import Advisory
from ntscan.vocabulary import Product, Result, ServicePack


def system_criteria(advisory: Advisory, system: SystemCharacteristics) -> Iterator[Criterion]:
    """Put every question about the system around a file."""
    yield _product(advisory, system)
    yield _service_pack(advisory, system)
    yield _hotfix_key(advisory, system)


def _product(advisory: Advisory, system: SystemCharacteristics) -> Criterion:
    result, observed, explanation = Result.UNKNOWN, None, ""
    match system.registry.product:
        case Exists(value=Product() as product, stated_by_user=stated):
            listed = product in advisory.applicability.products
            result, observed = Result.TRUE if listed else Result.FALSE, str(product)
            explanation = "The user states it." if stated else "The registry says so."
        case Unrecognised(text=text):
            observed, explanation = text, "The registry names no product of Windows NT 4.0."
        case DoesNotExist():
            explanation = "The registry holds no ProductType."
        case NotCollected():
            result = Result.NOT_EVALUATED
            explanation = f"{_NO_HIVE}; --product states it."
        case CollectionFailed(message=message):
            result, explanation = Result.ERROR, message
        case _ as never:
            assert_never(never)
    return Criterion(
        name="product",
        result=result,
        observed=observed,
        expected=" or ".join(advisory.applicability.products),
        explanation=explanation,
    )


def _service_pack(advisory: Advisory, system: SystemCharacteristics) -> Criterion:
    result, observed, explanation = Result.UNKNOWN, None, ""
    listed = advisory.applicability.service_packs
    match system.registry.service_pack:
        case Exists(value=ServicePack() as service_pack, stated_by_user=stated):
            observed = str(service_pack)
            explanation = "The user states it." if stated else "The registry says so."
            if service_pack in listed:
                result = Result.TRUE
            else:
                explanation += (
                    f" {advisory.id} does not list it, though it lists those before and after: "
                    "the file decides."
                )
        case Unrecognised(text=text):
            observed, explanation = text, "No such service pack of Windows NT 4.0 ever existed."
        case DoesNotExist():
            explanation = "The registry holds no service pack."
        case NotCollected():
            result = Result.NOT_EVALUATED
            explanation = f"{_NO_HIVE}; --service-pack states it."
        case CollectionFailed(message=message):
            result, explanation = Result.ERROR, message
        case _ as never:
            assert_never(never)
    return Criterion(
        name="service_pack",
        result=result,
        observed=observed,
        expected=", ".join(listed),
        explanation=explanation,
    )


def _hotfix_key(advisory: Advisory, system: SystemCharacteristics) -> Criterion:
    result, observed = Result.UNKNOWN, None
    explanation = (
        "A hotfix key says what was installed once, not what is there now; a fix copied by hand "
        "leaves none."
    )
    match system.registry.hotfix_keys:
        case Exists(value=keys):
            result = Result.TRUE if advisory.id in keys else Result.FALSE
            observed = ", ".join(keys) or None
        case Unrecognised(text=text):
            observed = text
        case DoesNotExist():
            result = Result.FALSE
        case NotCollected():
            result, explanation = Result.NOT_EVALUATED, f"{_NO_HIVE}."
        case CollectionFailed(message=message):
            result, explanation = Result.ERROR, message
        case _ as never:
            assert_never(never)
    return Criterion(
        name="hotfix_key",
        result=result,
        observed=observed,
        expected=advisory.id,
        explanation=explanation,
    )


_NO_HIVE = "No registry hive was read"
