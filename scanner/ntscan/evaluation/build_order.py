"""Where a file stands among the published builds: older, the fix, neighbour, newer, or unknown."""

from typing import Final

from msgspec import Struct

from ntscan.evaluation.interval import Interval, link_window
from ntscan.evaluation.language import is_in_language
from ntscan.evaluation.versions import compare_versions
from ntscan.evidence.characteristics import FileItem, NotAnImage, PEMetadata
from ntscan.rulebook.advisory import Advisory, ContainsFix, FixedBuild, KnownBuild
from ntscan.rulebook.check import ERA
from ntscan.vocabulary import Anomaly, Build

#: A link time outside this is none: NT 3.1 came before it, NT 4.0's last support ended in it.
PLAUSIBLE: Final = Interval(earliest=ERA[0], latest=ERA[1])


class BuildOrder(Struct, frozen=True, kw_only=True):
    """Where a file stands, and by which evidence; ``basis`` is a clause for a reason.

    ``build`` is ``None`` where there is nothing to place: no file, or no published fix for it.
    ``by_version`` tells a build that its version placed from one that its link time did.
    ``neighbour`` is the published build that the file cannot be told apart from.
    """

    build: Build | None
    basis: str
    by_version: bool = False
    neighbour: KnownBuild | None = None
    anomalies: tuple[Anomaly, ...] = ()


#: For a file that is not there, is another system's, or has no fix to be held against.
NOT_PLACED: Final = BuildOrder(build=None, basis="there is no build to place")


def fixed_build_for(advisory: Advisory, machine: str) -> FixedBuild | None:
    """Find the fixed build that the article publishes for a machine, if it does for this one."""
    return next((build for build in advisory.fixed_builds if build.machine == machine), None)


def order_build(advisory: Advisory, file: FileItem, fix: FixedBuild) -> BuildOrder:
    """Place a file by the evidence in falling order of trust: damage, hash, version, link time."""
    image = file.image
    if isinstance(image, NotAnImage):
        return BuildOrder(build=Build.UNKNOWN, basis=f"it {image.reason}")
    return (
        _by_damage(image)
        or _by_hash(advisory, file, fix)
        or _by_version(image, fix)
        or _by_link_time(advisory, file, image, fix)
    )


def _by_damage(image: PEMetadata) -> BuildOrder | None:
    if image.checksum_valid is False:
        return BuildOrder(
            build=Build.UNKNOWN,
            basis="its checksum is not that of its bytes: it was damaged, or changed after the "
            "build, and NT would refuse to load it",
            anomalies=(Anomaly.CHECKSUM_MISMATCH,),
        )
    if image.time_date_stamp not in PLAUSIBLE:
        return BuildOrder(
            build=Build.UNKNOWN,
            basis=f"its link time, {image.time_date_stamp:%Y-%m-%d}, cannot be one of NT 4.0's",
            anomalies=(Anomaly.TIMESTAMP_IMPLAUSIBLE,),
        )
    return None


def _by_hash(advisory: Advisory, file: FileItem, fix: FixedBuild) -> BuildOrder | None:
    if file.hashes.sha256 == fix.sha256:
        return BuildOrder(build=Build.THE_FIX, basis=f"its SHA-256 is that of {fix.source}'s file")
    for known in advisory.known_builds:
        if file.hashes.sha256 == known.sha256:
            unknown = known.contains_fix is ContainsFix.UNKNOWN
            return BuildOrder(
                build=Build.NEIGHBOUR if unknown else Build.OLDER,
                basis=f"its SHA-256 is that of the build of {known.shipped_in}",
                neighbour=known if unknown else None,
            )
    return None


def _by_version(image: PEMetadata, fix: FixedBuild) -> BuildOrder | None:
    if image.version is None or fix.file_version is None:
        return None
    observed = image.version.file_version or image.version.file_version_string
    order = compare_versions(observed, fix.file_version)
    if order is None:
        return None
    build = (Build.OLDER, Build.THE_FIX, Build.NEWER)[order + 1]
    word = ("lower than", "that of", "higher than")[order + 1]
    return BuildOrder(
        build=build,
        basis=f"its version {observed} is {word} the fix's, {fix.file_version}",
        by_version=True,
    )


def _by_link_time(
    advisory: Advisory, file: FileItem, image: PEMetadata, fix: FixedBuild
) -> BuildOrder:
    linked, window = image.time_date_stamp, link_window(fix.wall_clock)
    when = f"it was linked {linked:%Y-%m-%d %H:%M} UTC"
    comparable = is_in_language(image, advisory.primary_language)
    neighbour = _neighbour(advisory, file, image) if comparable else None
    if neighbour is not None:
        return BuildOrder(
            build=Build.NEIGHBOUR,
            basis=f"{when} and holds {file.size:,} bytes, which fits the build of "
            f"{neighbour.shipped_in} as well",
            neighbour=neighbour,
        )
    if linked < window.earliest:
        return BuildOrder(build=Build.OLDER, basis=f"{when}, before the fix was made")
    if linked > window.latest:
        return _newer(advisory, file, fix, when)
    if not comparable:
        return BuildOrder(
            build=Build.UNKNOWN,
            basis=f"{when}, when the fix was made, but in another language than the builds of "
            f"{advisory.id}, so that its size proves nothing",
        )
    if file.size != fix.size:
        return BuildOrder(
            build=Build.UNKNOWN,
            basis=f"{when}, when the fix was made, but holds {file.size:,} bytes and not the "
            f"fix's {fix.size:,}",
        )
    return BuildOrder(
        build=Build.THE_FIX, basis=f"{when} and holds {file.size:,} bytes, as the fix does"
    )


def _neighbour(advisory: Advisory, file: FileItem, image: PEMetadata) -> KnownBuild | None:
    return next(
        (
            known
            for known in advisory.known_builds
            if known.contains_fix is ContainsFix.UNKNOWN
            and known.machine == image.machine
            and known.size == file.size
            and image.time_date_stamp in link_window(known.wall_clock)
        ),
        None,
    )


def _newer(advisory: Advisory, file: FileItem, fix: FixedBuild, when: str) -> BuildOrder:
    older = next(
        (
            known
            for known in advisory.known_builds
            if known.contains_fix is ContainsFix.NO
            and known.machine == fix.machine
            and known.size == file.size != fix.size
        ),
        None,
    )
    if older is None:
        return BuildOrder(build=Build.NEWER, basis=f"{when}, after the fix was made")
    return BuildOrder(
        build=Build.UNKNOWN,
        basis=f"{when}, after the fix was made, but holds {file.size:,} bytes, the size of the "
        f"older build of {older.shipped_in}",
        anomalies=(Anomaly.SIZE_CONTRADICTS_LINK_TIME,),
    )
