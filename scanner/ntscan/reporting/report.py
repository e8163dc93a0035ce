"""The types of the report: what ntscan promises to the outside, schema version 1.0.

``None`` means that nobody knows, or that it does not apply; a field is never left out. Times are
UTC. Text that came from scanned bytes has been made harmless (see harmless.py).
"""

from datetime import datetime

from msgspec import Struct

from ntscan.evaluation.finding import Criterion
from ntscan.reporting.trace_report import MachineCodeEntry
from ntscan.sources.description import ImageHash, Mirror
from ntscan.vocabulary import (
    Anomaly,
    Basis,
    Behaviour,
    Build,
    ContainerFormat,
    Exposure,
    FileRole,
    Justification,
    ModificationTimeKind,
    Product,
    ScanStatus,
    ServicePack,
    ServiceStart,
    Stage,
    Status,
    TargetKind,
)


class Tool(Struct, frozen=True, kw_only=True):
    """The program that wrote the report."""

    name: str
    version: str


class RulesUsed(Struct, frozen=True, kw_only=True):
    """How many rules were asked, and the SHA-256 of their text as ``sha256:...``."""

    count: int
    digest: str


class Options(Struct, frozen=True, kw_only=True):
    """What the user asked for and stated, as far as it can change a finding.

    ``machine_code`` is whether to run that of every file, or of none; of files that are left
    undetermined where it is ``None``.
    """

    rules: tuple[str, ...]
    rules_directory: str | None
    service_pack: ServicePack | None
    product: Product | None
    model: bool
    thorough: bool
    image_hash: str | None
    hash_images: bool
    machine_code: bool | None


class Run(Struct, frozen=True, kw_only=True):
    """When and where a report was made; the only part in which two runs differ.

    ``folder`` is the absolute path from which the relative paths of targets go.
    """

    started_at: datetime
    finished_at: datetime
    host: str
    folder: str
    options: Options


class VolumeEntry(Struct, frozen=True, kw_only=True):
    """A volume of a disk image: its partition's number, its offset in bytes, type and file system.

    ``type`` is that of the partition table, ``mirror`` the other half of a mirror.
    """

    partition: int
    offset: int
    type: str | None
    filesystem: str
    letter: str | None
    mirror: Mirror | None


class ImageEntry(Struct, frozen=True, kw_only=True):
    """A disk image: its container, the host files that hold it, and the digests of the disk.

    ``size`` is the disk's in bytes; ``note`` says where its volumes had to be searched for.
    """

    format: ContainerFormat
    size: int
    files: tuple[str, ...]
    hashes: tuple[ImageHash, ...]
    volumes: tuple[VolumeEntry, ...]
    note: str | None


class ErrorEntry(Struct, frozen=True, kw_only=True):
    """A place that could not be read, and what to do about it."""

    path: str
    stage: Stage
    message: str


class PEEntry(Struct, frozen=True, kw_only=True):
    """The PE metadata of a file; ``checksum`` is the stored one, ``language`` hexadecimal."""

    machine: str
    time_date_stamp: datetime
    checksum: int
    computed_checksum: int
    checksum_valid: bool | None
    subsystem: str
    size_of_image: int
    file_version: str | None
    file_version_string: str | None
    product_version: str | None
    product_version_string: str | None
    original_filename: str | None
    language: str | None
    kernel_imports: tuple[str, ...]
    debug_file_name: str | None


class FileEntry(Struct, frozen=True, kw_only=True):
    """One file: size in bytes, digests in hexadecimal, ``pe`` where it is a PE image.

    ``mtime`` is UTC, or without a zone where ``mtime_kind`` says that it is a wall clock's.
    """

    path: str
    volume: VolumeEntry | None
    role: FileRole
    size: int
    mtime: datetime | None
    mtime_kind: ModificationTimeKind | None
    sha256: str
    sha1: str
    md5: str
    pe: PEEntry | None


class DemonstrationEntry(Struct, frozen=True, kw_only=True):
    """What the driver model, or the image's own machine code, did; ``frees`` is of one IRP.

    ``behaviour`` and the STOP are the model's alone, ``machine_code`` that of the file's own code.
    """

    basis: Basis
    behaviour: Behaviour | None
    chosen_by: str
    allocations: int
    frees: int
    double_free: bool
    io_operations_until_stop: int | None
    stop_code: str | None
    trace: tuple[str, ...]
    assumptions: tuple[str, ...]
    machine_code: MachineCodeEntry | None


class FindingEntry(Struct, frozen=True, kw_only=True):
    """What one rule means for one file or system; ``system`` is an index into the target's systems.

    ``decides`` is false for copies that are only shown; ``demonstrations_note`` says which
    behaviour was demonstrated and why, or why none.
    """

    rule_id: str
    system: int | None
    status: Status
    justification: Justification | None
    reason: str
    build: Build | None
    fulfilled_by: str | None
    decides: bool
    files: tuple[FileEntry, ...]
    criteria: tuple[Criterion, ...]
    anomalies: tuple[Anomaly, ...]
    exposure: Exposure | None
    remediation: str
    demonstrations: tuple[DemonstrationEntry, ...]
    demonstrations_note: str


class ServiceEntry(Struct, frozen=True, kw_only=True):
    """A service of the component, or one that needs it; the image path is the registry's."""

    start: ServiceStart | None
    image_path: str | None
    depends_on: tuple[str, ...] | None


class SystemEntry(Struct, frozen=True, kw_only=True):
    """One NT installation: what was read about it, and what the user stated (``overridden``)."""

    root: str
    volume: VolumeEntry | None
    computer_name: str | None
    product: Product | None
    service_pack: ServicePack | None
    build: int | None
    hotfixes: tuple[str, ...] | None
    services: dict[str, ServiceEntry] | None
    overridden: tuple[str, ...]
    anomalies: tuple[Anomaly, ...]


class TargetEntry(Struct, frozen=True, kw_only=True):
    """One scanned path, with everything that was found in it."""

    target: str
    kind: TargetKind
    image: ImageEntry | None
    scan_status: ScanStatus
    errors: tuple[ErrorEntry, ...]
    systems: tuple[SystemEntry, ...]
    findings: tuple[FindingEntry, ...]
    rules_not_present: tuple[str, ...]


class TargetLine(TargetEntry, frozen=True, kw_only=True):
    """One target with what a report says once: a line of an audit; ``run`` is of this target."""

    schema_version: str
    tool: Tool
    rules: RulesUsed
    run: Run


class Summary(Struct, frozen=True, kw_only=True):
    """Counts of targets, and of the findings that decide."""

    targets: int
    failed: int
    affected: int
    fixed: int
    not_affected: int
    undetermined: int


class Report(Struct, frozen=True, kw_only=True):
    """The whole result of one run."""

    schema_version: str
    tool: Tool
    rules: RulesUsed
    run: Run
    targets: tuple[TargetEntry, ...]
    summary: Summary
