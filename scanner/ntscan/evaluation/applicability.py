"""The questions put to the system: does the article list it, and was the hotfix installed."""

from collections.abc import Iterator
from typing import TypeAlias, assert_never

from ntscan.evaluation.finding import Criterion
from ntscan.evidence.characteristics import SystemCharacteristics
from ntscan.evidence.reading import (
    CollectionFailed,
    Contradictory,
    DoesNotExist,
    Exists,
    NotCollected,
    Unrecognised,
)
from ntscan.rulebook.advisory import Advisory
from ntscan.vocabulary import Result

_WithoutValue: TypeAlias = (
    Unrecognised | Contradictory | DoesNotExist | NotCollected | CollectionFailed
)
#: A result, what was observed, and the explanation.
_Answer: TypeAlias = tuple[Result, str | None, str]


def system_criteria(advisory: Advisory, system: SystemCharacteristics) -> Iterator[Criterion]:
    """Put every question about the system around a file."""
    yield _product(advisory, system)
    yield _service_pack(advisory, system)
    yield _hotfix_key(advisory, system)


def _product(advisory: Advisory, system: SystemCharacteristics) -> Criterion:
    reading, listed = system.registry.product, advisory.applicability.products
    if isinstance(reading, Exists):
        result = Result.TRUE if reading.value in listed else Result.FALSE
        answer: _Answer = result, reading.value, _said_by(stated=reading.stated_by_user)
    else:
        answer = _without_value(reading, "product", "; --product states it")
    return _criterion("product", answer, " or ".join(listed))


def _service_pack(advisory: Advisory, system: SystemCharacteristics) -> Criterion:
    reading, listed = system.registry.service_pack, advisory.applicability.service_packs
    if isinstance(reading, Exists):
        result, explanation = Result.TRUE, _said_by(stated=reading.stated_by_user)
        if reading.value not in listed:
            result = Result.UNKNOWN
            explanation += (
                f" {advisory.id} does not list it, though it lists those before and after: the "
                "file decides."
            )
        answer: _Answer = result, reading.value, explanation
    else:
        answer = _without_value(reading, "service pack", "; --service-pack states it")
    return _criterion("service_pack", answer, ", ".join(listed))


def _hotfix_key(advisory: Advisory, system: SystemCharacteristics) -> Criterion:
    reading = system.registry.hotfix_keys
    if isinstance(reading, Exists):
        result = Result.TRUE if advisory.id in reading.value else Result.FALSE
        explanation = (
            "A hotfix key says what was installed once, not what is there now; a fix copied by "
            "hand leaves none."
        )
        answer: _Answer = result, ", ".join(reading.value) or None, explanation
    else:
        answer = _without_value(reading, "hotfix key", "")
    return _criterion("hotfix_key", answer, advisory.id)


def _without_value(reading: _WithoutValue, what: str, remedy: str) -> _Answer:
    """Answer a question that the registry leaves open, by the way in which it does."""
    match reading:
        case Unrecognised(text=text):
            return Result.UNKNOWN, text, f"This names no {what} of Windows NT 4.0."
        case Contradictory(message=message):
            return Result.UNKNOWN, None, f"{message}{remedy}."
        case DoesNotExist():
            return Result.UNKNOWN, None, f"The registry holds no {what}."
        case NotCollected():
            return Result.NOT_EVALUATED, None, f"No registry hive was read{remedy}."
        case CollectionFailed(message=message):
            return Result.ERROR, None, message
        case _ as never:
            assert_never(never)


def _said_by(*, stated: bool) -> str:
    return "The user states it." if stated else "The registry says so."


def _criterion(name: str, answer: _Answer, expected: str) -> Criterion:
    result, observed, explanation = answer
    return Criterion(
        name=name, result=result, observed=observed, expected=expected, explanation=explanation
    )
