"""A rule's own examples, judged: each must come out with the status and build that it states."""

from collections.abc import Iterator
from typing import TypeVar

from ntscan.evaluation.evaluate import evaluate
from ntscan.evidence.characteristics import (
    FileItem,
    Hashes,
    PEMetadata,
    SystemCharacteristics,
    VersionResource,
)
from ntscan.evidence.reading import NOT_COLLECTED, Exists, NotCollected
from ntscan.evidence.system_evidence import SystemEvidence
from ntscan.rulebook.advisory import Advisory, Example
from ntscan.vocabulary import FileRole, ModificationTimeKind

T = TypeVar("T")

_NO_DIGEST = Hashes(md5="", sha1="", sha256="")


def example_failures(advisory: Advisory) -> Iterator[str]:
    """Yield a sentence for each example that does not come out as it states."""
    for example in advisory.examples:
        (finding,) = evaluate(advisory, example_system(advisory, example))
        if (finding.status, finding.build) != (example.status, example.build):
            yield (
                f"example {example.name!r}: is {finding.status} ({finding.build}), "
                f"and not {example.status} ({example.build}): {finding.reason}"
            )


def example_system(advisory: Advisory, example: Example) -> SystemCharacteristics:
    """Describe the file and the system of an example as the collector would."""
    return SystemCharacteristics(
        root=None,
        is_nt=False,
        files=(_file(advisory, example),),
        registry=SystemEvidence(
            product=_reading(example.product),
            service_pack=_reading(example.service_pack),
            hotfix_keys=_reading(example.hotfix_keys),
        ),
    )


def _file(advisory: Advisory, example: Example) -> FileItem:
    version = VersionResource(
        file_version=None,
        product_version=None,
        file_version_string="4.00",
        product_version_string="4.00",
        original_filename=advisory.file_name,
        languages=(example.language,),
    )
    return FileItem(
        place=(),
        volume=None,
        path=advisory.file_name,
        name=advisory.file_name,
        role=FileRole.OTHER,
        decides=True,
        size=example.size,
        modified=example.modified,
        modified_kind=ModificationTimeKind.UTC if example.modified is not None else None,
        hashes=_NO_DIGEST,
        image=PEMetadata(
            machine=example.machine,
            time_date_stamp=example.link_time,
            stored_checksum=0,
            computed_checksum=0,
            subsystem="native",
            size_of_image=example.size,
            version=version,
            kernel_imports=(),
            debug_file_name=None,
        ),
    )


def _reading(value: T | None) -> Exists[T] | NotCollected:
    return NOT_COLLECTED if value is None else Exists(value=value)
