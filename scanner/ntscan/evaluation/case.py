"""One file, or its absence, held against one rule: what criteria and status rows look at."""

from msgspec import Struct

from ntscan.evaluation.build_order import NOT_PLACED, BuildOrder, fixed_build_for, order_build
from ntscan.evaluation.operating_system import other_operating_system
from ntscan.evidence.characteristics import (
    CollectionError,
    FileItem,
    PEMetadata,
    SystemCharacteristics,
)
from ntscan.machinecode.traced import Trace
from ntscan.rulebook.advisory import Advisory, FixedBuild


class Case(Struct, frozen=True, kw_only=True):
    """A rule, a system, and the file in question; ``file`` is ``None`` where it was not found.

    ``other_system`` names the operating system other than NT 4.0 that the file belongs to; then,
    and where the article publishes no fix for the machine, ``order`` is NOT_PLACED. ``trace`` is
    what the file's own machine code did, where it was run.
    """

    advisory: Advisory
    system: SystemCharacteristics
    file: FileItem | None
    image: PEMetadata | None
    fix: FixedBuild | None
    other_system: str | None
    order: BuildOrder
    trace: Trace | None

    @property
    def is_damaged(self) -> bool:
        """Whether the bytes are not those that a linker wrote: the file decides nothing."""
        return self.image is None or self.image.checksum_valid is False

    @property
    def blocked_at(self) -> CollectionError | None:
        """A place that could not be read and where the file could be."""
        blocked = (
            error
            for error in self.system.errors
            if error.decides and error.file_name in (None, self.advisory.file_name)
        )
        return next(blocked, None)


def make_case(
    advisory: Advisory,
    system: SystemCharacteristics,
    file: FileItem | None,
    trace: Trace | None = None,
) -> Case:
    """Hold a file against a rule: which fix is for its machine, and where its build stands."""
    image = file.image if file is not None and isinstance(file.image, PEMetadata) else None
    fix = fixed_build_for(advisory, image.machine) if image is not None else None
    other = other_operating_system(image, system.registry.version)
    order = NOT_PLACED
    if file is not None and other is None and (fix is not None or image is None):
        # A file that is no image has no machine; it is unknown against any of the fixed builds.
        order = order_build(advisory, file, fix or advisory.fixed_builds[0])
    return Case(
        advisory=advisory,
        system=system,
        file=file,
        image=image,
        fix=fix,
        other_system=other,
        order=order,
        trace=trace,
    )
