"""The composer: target -> source -> evidence -> findings -> report."""

import platform
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path

from ntscan.drivermodel import Demonstration
from ntscan.evaluation.evaluate import evaluate
from ntscan.evaluation.finding import Finding
from ntscan.evidence.characteristics import SystemCharacteristics
from ntscan.evidence.collect import collect
from ntscan.evidence.reading import Exists
from ntscan.reporting.assemble import target_entry, summarise
from ntscan.reporting.report import Options, Report, RulesUsed, Run, TargetEntry, Tool
from ntscan.rulebook.advisory import RuleBook
from ntscan.rulebook.load import load_rules
from ntscan.sources.open import open_source
from ntscan.sources.source import Source
from ntscan.vocabulary import SCHEMA_VERSION, Behaviour, Product, ServicePack
