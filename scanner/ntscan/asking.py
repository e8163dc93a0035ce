"""What is asked of a scan: options, and the rules they name; when it is asked, and from where."""

from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from ntscan.reporting.harmless import harmless
from ntscan.reporting.report import Options
from ntscan.rulebook.advisory import RuleBook
from ntscan.rulebook.load import load_rules

#: What is asked where nothing else is said: every bundled rule, with the driver model.
EVERYTHING = Options(
    rules=(),
    rules_directory=None,
    service_pack=None,
    product=None,
    model=True,
    thorough=False,
    image_hash=None,
    hash_images=False,
    machine_code=None,
)


def shown_options(options: Options) -> Options:
    """Return the options as a report shows them."""
    directory = options.rules_directory
    return replace(options, rules_directory=None if directory is None else harmless(directory))


def load_book(options: Options) -> RuleBook:
    """Load the rules that the options name; raises UsageError."""
    directory = Path(options.rules_directory) if options.rules_directory is not None else None
    return load_rules(directory, only=options.rules)


def current_folder() -> str:
    """Return the absolute path from which relative ones go; empty where it was deleted."""
    try:
        return str(Path.cwd())
    except OSError:
        return ""


def now() -> datetime:
    """Return the time of day as reports give it: UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)
