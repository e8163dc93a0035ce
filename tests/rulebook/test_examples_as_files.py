"""The examples of every bundled rule, built as files and scanned from the disk."""

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from fixtures.pe_image import ALPHA, I386, PERecipe, VersionResource, build_pe_image
from ntscan.asking import EVERYTHING
from ntscan.composer import scan
from ntscan.rulebook.advisory import Advisory, Example
from ntscan.rulebook.load import load_rules
from ntscan.vocabulary import Machine

CASES = [
    pytest.param(rule, example, id=f"{rule.id}: {example.name}")
    for rule in load_rules().advisories
    for example in rule.examples
    # Hotfix keys stand in the registry, which no file by itself has.
    if example.hotfix_keys is None
]
MACHINES = {Machine.I386: I386, Machine.ALPHA: ALPHA}


@pytest.mark.parametrize(("rule", "example"), CASES)
def test_an_example_is_flagged_as_it_states(
    rule: Advisory, example: Example, tmp_path: Path
) -> None:
    """The file of an example has its status when it is scanned as a user would scan it."""
    recipe = PERecipe(
        machine=MACHINES[example.machine],
        time_date_stamp=example.link_time,
        size=example.size,
        version=VersionResource(language=example.language),
    )
    driver = tmp_path / rule.file_name
    driver.write_bytes(build_pe_image(recipe))
    if example.modified is not None:
        os.utime(driver, (example.modified.timestamp(), example.modified.timestamp()))
    options = replace(
        EVERYTHING,
        rules=(rule.id,),
        service_pack=example.service_pack,
        product=example.product,
        model=False,
    )
    (finding,) = scan(str(driver), options=options).targets[0].findings
    assert (finding.status, finding.build) == (example.status, example.build), finding.reason
