"""Lints: each finds what it was written for, and the bundled rules have none of it."""

import pytest
from msgspec.structs import replace

from ntscan.evaluation.examples import example_failures
from ntscan.rulebook.advisory import Advisory
from ntscan.rulebook.lint import lint
from ntscan.rulebook.load import load_rules
from ntscan.vocabulary import Machine, Status

BOOK = load_rules().advisories
(RULE,) = load_rules(only=["Q242896"]).advisories


def without(status: Status) -> Advisory:
    """The rule without its examples of a status."""
    kept = tuple(example for example in RULE.examples if example.status is not status)
    return replace(RULE, examples=kept)


def for_intel() -> Advisory:
    """The rule without its examples for Alpha."""
    kept = tuple(example for example in RULE.examples if example.machine is Machine.I386)
    return replace(RULE, examples=kept)


def sized(size: int) -> Advisory:
    """The rule with another size of the fix."""
    return replace(RULE, fixed_builds=(replace(RULE.fixed_builds[0], size=size),))


@pytest.mark.parametrize("rule", BOOK, ids=lambda rule: rule.id)
def test_the_bundled_rules_are_clean(rule: Advisory) -> None:
    """No lint finds anything in a bundled rule."""
    assert lint(rule) == ()


@pytest.mark.parametrize(
    ("rule", "finding"),
    [
        (without(Status.AFFECTED), "examples: none is affected"),
        (without(Status.FIXED), "examples: none is fixed"),
        (without(Status.UNDETERMINED), "examples: none is undetermined for Q241024 on i386"),
        (for_intel(), "examples: none is for alpha"),
        (sized(134_417), "size 134,417 (Q242896) is no multiple of 16 bytes"),
        (replace(RULE, remediation=()), "remediation: there is no step"),
        (
            replace(RULE, remediation=RULE.remediation[:1]),
            "remediation: each step has an end (until), and a machine beyond it is told nothing",
        ),
    ],
)
def test_each_lint_finds_its_fault(rule: Advisory, finding: str) -> None:
    """A rule with one fault is told of it."""
    assert finding in lint(rule)


@pytest.mark.parametrize("rule", BOOK, ids=lambda rule: rule.id)
def test_the_examples_of_the_bundled_rules_come_out_right(rule: Advisory) -> None:
    """Every example has the status and the build that it states."""
    assert list(example_failures(rule)) == []


def test_an_example_that_comes_out_wrong_is_named() -> None:
    """A wrong example gives its name, what it is and what it should be."""
    wrong = replace(RULE.examples[0], status=Status.FIXED)
    (failure,) = example_failures(replace(RULE, examples=(wrong,)))
    assert wrong.name in failure
    assert "is affected (older), and not fixed (older)" in failure
