"""What makes a rule that loads a better one; each lint is one small function."""

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from ntscan.rulebook.advisory import Advisory, ContainsFix
from ntscan.vocabulary import Status

Lint: TypeAlias = Callable[[Advisory], Iterator[str]]

_ALIGNMENT: Final = 16


def has_examples_of_both_kinds(advisory: Advisory) -> Iterator[str]:
    """A rule shows one file that it must flag and one that it must not."""
    shown = {example.status for example in advisory.examples}
    for status in (Status.AFFECTED, Status.FIXED):
        if status not in shown:
            yield f"examples: none is {status}"


def has_an_example_for_each_machine(advisory: Advisory) -> Iterator[str]:
    """A fixed build for a machine is proven by an example for it."""
    shown = {example.machine for example in advisory.examples}
    for build in advisory.fixed_builds:
        if build.machine not in shown:
            yield f"examples: none is for {build.machine}"


def has_sizes_of_real_builds(advisory: Advisory) -> Iterator[str]:
    """Sizes of NT builds are multiples of 16; another is a sign of a typing slip."""
    fixed = [(build.size, build.source) for build in advisory.fixed_builds]
    known = [(build.size, build.source) for build in advisory.known_builds]
    for size, source in fixed + known:
        if size % _ALIGNMENT:
            yield f"size {size:,} ({source}) is no multiple of {_ALIGNMENT} bytes"


def says_what_to_do(advisory: Advisory) -> Iterator[str]:
    """A rule that flags a machine says how it is mended."""
    if not advisory.remediation:
        yield "remediation: there is no step"
    elif all(step.until is not None for step in advisory.remediation):
        yield "remediation: each step has an end (until), and a machine beyond it is told nothing"


def shows_an_example_of_each_neighbour(advisory: Advisory) -> Iterator[str]:
    """A build of which nobody knows whether it holds the fix is undetermined in an example."""
    undetermined = {
        (example.machine, example.size)
        for example in advisory.examples
        if example.status is Status.UNDETERMINED
    }
    for build in advisory.known_builds:
        unproven = (build.machine, build.size) not in undetermined
        if build.contains_fix is ContainsFix.UNKNOWN and unproven:
            yield f"examples: none is undetermined for {build.source} on {build.machine}"


LINTS: Final[tuple[Lint, ...]] = (
    has_examples_of_both_kinds,
    has_an_example_for_each_machine,
    has_sizes_of_real_builds,
    says_what_to_do,
    shows_an_example_of_each_neighbour,
)


def lint(advisory: Advisory) -> tuple[str, ...]:
    """Run every lint on a rule; each finding is a sentence that begins with the field."""
    return tuple(finding for check in LINTS for finding in check(advisory))
