"""The composer: target -> source -> evidence -> findings -> report."""

import platform
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ntscan.asking import EVERYTHING, current_folder, load_book, now, shown_options
from ntscan.demonstrating import demonstrations
from ntscan.errors import SourceError, UsageError
from ntscan.evaluation.evaluate import NO_TRACES, evaluate
from ntscan.evaluation.finding import Finding
from ntscan.evidence.characteristics import SystemCharacteristics
from ntscan.evidence.collect import collect
from ntscan.evidence.reading import Exists
from ntscan.evidence.wanted import Wanted
from ntscan.machinecode.traced import Trace
from ntscan.reporting.assemble import failed_target, summarise, target_entry
from ntscan.reporting.entries import finding_entry
from ntscan.reporting.harmless import harmless
from ntscan.reporting.report import (
    Options,
    Report,
    RulesUsed,
    Run,
    TargetEntry,
    Tool,
)
from ntscan.rulebook.advisory import RuleBook
from ntscan.sources.open import open_source
from ntscan.sources.source import Entry, Source
from ntscan.tracing import run_traces
from ntscan.version import VERSION
from ntscan.vocabulary import SCHEMA_VERSION, Justification, TargetKind

if TYPE_CHECKING:
    from ntscan.sources.image_hashes import ImageHashing


def scan(*targets: str, options: Options = EVERYTHING, rules: RuleBook | None = None) -> Report:
    """Scan files, folders and disk images, and report what every rule says of each.

    ``rules`` are the rules to ask; without them those are loaded that ``options`` names. Raises
    UsageError where a target does not exist, a rule does not load, or a digest is stated of what
    is no disk image.
    """
    started_at = now()
    book = rules if rules is not None else load_book(options)
    hashing = _hashing(options, len(targets))
    sources = [
        open_source(target, thorough=options.thorough, hashing=hashing) for target in targets
    ]
    if hashing is not None and hashing.stated.only is not None:
        _refuse_digest_of_no_image(sources[0])
    entries = tuple(scan_source(source, book, options) for source in sources)
    return Report(
        schema_version=SCHEMA_VERSION,
        tool=Tool(name="ntscan", version=VERSION),
        rules=RulesUsed(count=len(book.advisories), digest=book.digest),
        run=Run(
            started_at=started_at,
            finished_at=now(),
            host=platform.node(),
            folder=harmless(current_folder()),
            options=shown_options(options),
        ),
        targets=entries,
        summary=summarise(entries),
    )


def _hashing(options: Options, targets: int) -> "ImageHashing | None":
    """Say which digests of disk images are wanted, where any are; raises UsageError."""
    if options.image_hash is None and not options.hash_images:
        return None
    # Few ask for a digest, so that a scan without one starts faster.
    from ntscan.sources.image_hashes import ImageHashing  # noqa: PLC0415
    from ntscan.sources.stated_hashes import read_stated_hashes  # noqa: PLC0415

    stated = read_stated_hashes(options.image_hash, targets)
    return ImageHashing(stated=stated, compute=options.hash_images)


def _refuse_digest_of_no_image(source: Source) -> None:
    """Refuse what is no disk image; of what cannot be read nobody knows, and its scan says why."""
    if source.kind is TargetKind.DISK_IMAGE:
        return
    try:
        if source.kind is TargetKind.FILE:
            for entry in source.walk():
                if isinstance(entry, Entry):
                    source.read_head(entry, 1)
    except SourceError:
        return
    raise UsageError(
        f"{source.target}: is no disk image, so no digest can be stated of it; leave the digest "
        "out, or give the image"
    )


def scan_source(source: Source, book: RuleBook, options: Options) -> TargetEntry:
    """Scan one source: collect once, then ask every rule about each system that was found.

    A source that cannot be opened is a failed target, with the reason.
    """
    try:
        with source:
            systems = [_as_stated(system, options) for system in collect(source, _wanted(book))]
            found = _findings(systems, book, NO_TRACES)
            traces = _traces(source, book, found, options)
    except SourceError as error:
        return failed_target(source, str(error))
    if traces:
        found = _findings(systems, book, traces)
    worth_saying = {finding.rule_id for _, finding in found if not _is_absence(finding)}
    if options.rules or len(book.advisories) == 1:
        worth_saying |= {finding.rule_id for _, finding in found}
    scenes = {
        advisory.id: advisory.demonstration.scenario
        for advisory in book.advisories
        if advisory.demonstration is not None
    }
    entries = [
        finding_entry(
            finding,
            system,
            *demonstrations(finding, traces, scenes.get(finding.rule_id), run_model=options.model),
        )
        for system, finding in found
        if finding.rule_id in worth_saying
    ]
    not_present = {finding.rule_id for _, finding in found} - worth_saying
    return target_entry(source, systems, entries, sorted(not_present))


def _findings(
    systems: Sequence[SystemCharacteristics], book: RuleBook, traces: Mapping[str, Trace]
) -> list[tuple[int | None, Finding]]:
    """Ask every rule about each system; each finding comes with its system's number, if one."""
    return [
        (index if system.root is not None else None, finding)
        for index, system in enumerate(systems)
        for advisory in book.advisories
        for finding in evaluate(advisory, system, traces)
    ]


def _traces(
    source: Source,
    book: RuleBook,
    found: Sequence[tuple[int | None, Finding]],
    options: Options,
) -> dict[str, Trace]:
    rules = {advisory.id for advisory in book.advisories if advisory.demonstration is not None}
    findings = [finding for _, finding in found]
    return run_traces(source, findings, rules, asked=options.machine_code)


def _is_absence(finding: Finding) -> bool:
    """Say whether a finding says no more than that the component is not there."""
    absent = finding.justification is Justification.COMPONENT_NOT_PRESENT
    return absent and not finding.anomalies


def _wanted(book: RuleBook) -> list[Wanted]:
    """Say what to look for: each file once, with what the rules about it say of its services."""
    wanted: dict[str, Wanted] = {}
    for advisory in book.advisories:
        known = wanted.get(advisory.file_name, Wanted(file_name=advisory.file_name))
        if advisory.services is not None:
            known = replace(
                known,
                driver=known.driver or advisory.services.driver,
                services=(*known.services, *advisory.services.component),
            )
        wanted[advisory.file_name] = known
    return list(wanted.values())


def _as_stated(system: SystemCharacteristics, options: Options) -> SystemCharacteristics:
    """Let what the user knows win over what was read."""
    registry = system.registry
    if options.product is not None:
        registry = replace(registry, product=Exists(value=options.product, stated_by_user=True))
    if options.service_pack is not None:
        stated = Exists(value=options.service_pack, stated_by_user=True)
        registry = replace(registry, service_pack=stated)
    return replace(system, registry=registry)
