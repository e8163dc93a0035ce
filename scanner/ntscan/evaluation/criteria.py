"""The questions put to a file: each says what was observed, what the fix would show, and why."""

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from ntscan.evaluation.build_order import PLAUSIBLE
from ntscan.evaluation.case import Case
from ntscan.evaluation.finding import Criterion
from ntscan.evaluation.interval import link_window, utc
from ntscan.evaluation.language import is_in_language
from ntscan.evaluation.versions import compare_versions
from ntscan.evidence.characteristics import FileItem, NotAnImage, PEMetadata
from ntscan.vocabulary import ModificationTimeKind, Result

_ImageQuestion: TypeAlias = Callable[[Case, FileItem, PEMetadata], Criterion]


def file_criteria(case: Case) -> Iterator[Criterion]:
    """Put every question about a file that was found; a file that is no image answers only one."""
    if case.file is None:
        return
    if isinstance(case.file.image, NotAnImage):
        yield Criterion(
            name="machine",
            result=Result.ERROR,
            observed=None,
            expected=_machines(case),
            explanation=f"The file {case.file.image.reason}.",
        )
    else:
        for question in _QUESTIONS:
            yield question(case, case.file, case.file.image)
    yield _mtime(case.file)


def _machine(case: Case, _file: FileItem, image: PEMetadata) -> Criterion:
    return Criterion(
        name="machine",
        result=_truth(holds=case.fix is not None),
        observed=image.machine,
        expected=_machines(case),
        explanation="A fixed build is published for each of the machines expected; the others "
        "have none.",
    )


def _checksum(_case: Case, _file: FileItem, image: PEMetadata) -> Criterion:
    valid = image.checksum_valid
    return Criterion(
        name="checksum",
        result=Result.NOT_APPLICABLE if valid is None else _truth(holds=valid),
        observed=f"0x{image.stored_checksum:08x}",
        expected=f"0x{image.computed_checksum:08x}",
        explanation="NT refuses a driver whose stored checksum is not that of its bytes; such a "
        "file is damaged or was changed after the build. Zero means that none is stored.",
    )


def _link_time(case: Case, _file: FileItem, image: PEMetadata) -> Criterion:
    if case.fix is None:
        result, expected = Result.NOT_APPLICABLE, None
    else:
        window = link_window(case.fix.wall_clock)
        expected = f"{window}, or later"
        result = _truth(holds=image.time_date_stamp >= window.earliest)
        if image.time_date_stamp not in PLAUSIBLE:
            result = Result.UNKNOWN
    return Criterion(
        name="link_time",
        result=result,
        observed=utc(image.time_date_stamp),
        expected=expected,
        explanation="The linker writes this time in UTC, and no copy changes it. The article's "
        "wall clock names no zone, so the fix's is an interval: from 24 hours before its earliest "
        "reading to its latest.",
    )


def _size(case: Case, file: FileItem, _image: PEMetadata) -> Criterion:
    return Criterion(
        name="size",
        result=Result.NOT_APPLICABLE if case.fix is None else _truth(file.size == case.fix.size),
        observed=file.size,
        expected=None if case.fix is None else case.fix.size,
        explanation="The size proves the fix only together with the link time: another published "
        "build has the same size, and later builds have others.",
    )


def _file_version(case: Case, _file: FileItem, image: PEMetadata) -> Criterion:
    version = image.version
    observed = None
    if version is not None:
        observed = version.file_version or version.file_version_string
    expected = case.fix.file_version if case.fix is not None else None
    order = compare_versions(observed, expected) if expected is not None else None
    if expected is None:
        result = Result.NOT_APPLICABLE
    else:
        result = Result.UNKNOWN if order is None else _truth(holds=order >= 0)
    return Criterion(
        name="file_version",
        result=result,
        observed=observed,
        expected=expected,
        explanation=f"{case.advisory.id} names no file version."
        if expected is None
        else "Versions are compared where both are made of dotted integers.",
    )


def _language(case: Case, _file: FileItem, image: PEMetadata) -> Criterion:
    languages = image.version.languages if image.version is not None else ()
    return Criterion(
        name="language",
        result=_truth(is_in_language(image, case.advisory.primary_language)),
        observed=", ".join(f"0x{code:04x}" for code in languages) or None,
        expected=f"primary language 0x{case.advisory.primary_language:02x}, or neutral",
        explanation=f"{case.advisory.id} gives the size of builds in this language; a build in "
        "another has a size of its own.",
    )


def _original_filename(case: Case, _file: FileItem, image: PEMetadata) -> Criterion:
    observed = image.version.original_filename if image.version is not None else None
    expected = case.advisory.file_name
    return Criterion(
        name="original_filename",
        result=Result.NOT_APPLICABLE if observed is None else _truth(observed.lower() == expected),
        observed=observed,
        expected=expected,
        explanation="Another name in the version resource means that another file was renamed; "
        "it is said, and changes no status.",
    )


def _kernel_imports(_case: Case, _file: FileItem, image: PEMetadata) -> Criterion:
    return Criterion(
        name="kernel_imports",
        result=Result.NOT_EVALUATED,
        observed=", ".join(image.kernel_imports) or None,
        expected=None,
        explanation="Of the routines that allocate, send and free an IRP, the image imports these "
        "from ntoskrnl.exe; both builds need them, so they tell no build.",
    )


def _mtime(file: FileItem) -> Criterion:
    return Criterion(
        name="mtime",
        result=Result.NOT_EVALUATED,
        observed=_modified(file),
        expected=None,
        explanation="A file's date never decides: service packs stamp every file with the day of "
        "packaging, and copying and restoring change it.",
    )


def _modified(file: FileItem) -> str | None:
    if file.modified is None or file.modified_kind is ModificationTimeKind.UTC:
        return utc(file.modified) if file.modified is not None else None
    return f"{file.modified:%Y-%m-%dT%H:%M:%S} (wall clock of its machine)"


_QUESTIONS: Final[tuple[_ImageQuestion, ...]] = (
    _machine,
    _checksum,
    _link_time,
    _size,
    _file_version,
    _language,
    _original_filename,
    _kernel_imports,
)


def _machines(case: Case) -> str:
    return " or ".join(build.machine for build in case.advisory.fixed_builds)


def _truth(holds: bool) -> Result:
    return Result.TRUE if holds else Result.FALSE
