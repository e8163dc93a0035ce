"""A wheel built from the source distribution, installed in an empty environment, is whole."""

import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from fixtures.nt_machine import write_drivers
from fixtures.sfmsrv import published_build
from ntscan.version import VERSION

PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an empty environment with nothing but the wheel and what it asks for."""
    dist = tmp_path_factory.mktemp("dist")
    home = tmp_path_factory.mktemp("environment")
    # Without --wheel or --sdist, build makes the wheel from the source distribution.
    build = [sys.executable, "-m", "build", "--outdir", str(dist), str(PROJECT)]
    subprocess.run(build, check=True, capture_output=True)
    assert [file.name for file in sorted(dist.iterdir())] == [
        f"ntscan-{VERSION}-py3-none-any.whl",
        f"ntscan-{VERSION}.tar.gz",
    ]
    venv.create(home, with_pip=True)
    interpreter = home / "bin" / "python"
    (wheel,) = dist.glob("*.whl")
    install = [str(interpreter), "-m", "pip", "install", "--quiet", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    return interpreter


def test_an_installed_wheel_finds_its_rules(python: Path, tmp_path: Path) -> None:
    """The command lists the bundled rule and judges a driver, outside any checkout."""
    ntscan = python.with_name("ntscan")
    listed = subprocess.run(
        [ntscan, "rules", "list"], check=True, capture_output=True, text=True, cwd=tmp_path
    )
    assert "Q242896" in listed.stdout
    drivers = write_drivers(tmp_path, published_build("SP6a").name)
    checked = subprocess.run(
        [ntscan, "check", drivers, "--format", "json"],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert checked.returncode == 1
    assert json.loads(checked.stdout)["summary"]["affected"] == 1


def test_an_installed_wheel_traces_machine_code(python: Path) -> None:
    """The table of the kernel's routines, which is data, is in the wheel."""
    driver = PROJECT / "tests/machinecode/images/article-i386-O2.sys"
    traced = subprocess.run(
        [python.with_name("ntscan"), "trace", driver, "--format", "json"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert traced.returncode == 1, traced.stderr
    assert json.loads(traced.stdout)["grade"] == "observed"


def test_an_installed_wheel_holds_no_tests(python: Path) -> None:
    """Tests and fixtures stay out of what users install; the type marker goes in."""
    program = "import ntscan, importlib.util as u; from pathlib import Path; "
    program += "print(u.find_spec('tests'), u.find_spec('fixtures'), "
    program += "(Path(ntscan.__file__).parent / 'py.typed').exists())"
    found = subprocess.run(
        [python, "-I", "-c", program], check=True, capture_output=True, text=True
    )
    assert found.stdout.split() == ["None", "None", "True"]
