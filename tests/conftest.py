"""What every test may use: snapshots that a person can read, and the rule about skipped tests."""

import os
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ALLOWED = HERE / "allowed_skips.toml"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that writes snapshots anew, to be read before they are committed."""
    parser.addoption("--update-snapshots", action="store_true", help="write snapshots anew")


@pytest.fixture
def match_snapshot(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with a file in the folder ``snapshots`` beside the test."""

    def match(text: str, name: str) -> None:
        file = request.path.parent / "snapshots" / name
        if request.config.getoption("--update-snapshots"):
            file.write_text(text, "utf-8")
        assert text == file.read_text("utf-8"), f"{file} differs; see --update-snapshots"

    return match


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name, where CI is set, the skipped tests that nobody allowed."""
    for test in _forbidden(terminalreporter) if os.environ.get("CI") else ():
        terminalreporter.write_line(f"SKIPPED BUT NOT ALLOWED in {ALLOWED.name}: {test}", red=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run where CI is set and a test was skipped that nobody allowed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and _forbidden(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _forbidden(reporter: pytest.TerminalReporter) -> list[str]:
    allowed = {entry["test"] for entry in tomllib.loads(ALLOWED.read_text("utf-8"))["skip"]}
    skipped = {report.nodeid.split("[")[0] for report in reporter.stats.get("skipped", [])}
    return sorted(skipped - allowed)
