"""What a fork server prepares, so that no scan does it again."""

import json
import subprocess
import sys
from pathlib import Path

from fixtures.containers import disk_contents, qcow2_image, vdi_image, vhd_footer
from fixtures.nt_estate import write_estate, write_image_estate

#: Prepares as a fork server does, scans what it is given, and says what each scan imported.
PROGRAM = """
import json, pickle, sys
from ntscan.auditing.limits import Limits
from ntscan.auditing.run import new_job
from ntscan.auditing.scan_target import prepare
from ntscan.asking import EVERYTHING, load_book

work = prepare(pickle.dumps(new_job(EVERYTHING, load_book(EVERYTHING), Limits())))
imported = {}
for target in sys.argv[1:]:
    before = set(sys.modules)
    work(target.encode())
    imported[target] = sorted({*sys.modules} - before)
print(json.dumps(imported))
"""


def test_a_scan_imports_nothing(tmp_path: Path) -> None:
    """Readers, libraries, codecs and interpreters are there before the first target comes."""
    disk = disk_contents(1 << 20)
    files = {
        "a.vhd": disk + vhd_footer(len(disk)),
        "a.vdi": vdi_image(disk),
        "a.qcow2": qcow2_image(disk),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    images = write_image_estate(tmp_path / "images", 3)
    targets = [*files, *map(str, images), *map(str, write_estate(tmp_path / "folders", 3))]
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, *targets], cwd=tmp_path, stdout=subprocess.PIPE, check=True
    )
    assert json.loads(run.stdout) == {target: [] for target in targets}
