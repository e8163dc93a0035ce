# Sets up a virtual environment of its own in .venv; needs python3 (3.11 or later) with venv, and make.
PYTHON ?= python3
BIN := .venv/bin
# A source package whose tests hold a hive that Windows wrote; ours read it, and nothing ships it.
REAL_HIVE := build/downloads/dissect_regf-3.14.tar.gz

.PHONY: demo test lint bench fuzz clean

demo: .venv/ready
	$(BIN)/python -m fixtures.demo build/demo

test: lint $(REAL_HIVE)
	$(BIN)/python -m pytest

bench: .venv/ready
	$(BIN)/python -m fixtures.benchmark
	$(BIN)/python -m fixtures.benchmark_model
	$(BIN)/python -m fixtures.benchmark_audit

# SECONDS=600 makes it longer, SEED=7 repeats the inputs of an earlier run.
fuzz: .venv/ready
	$(BIN)/python -m fixtures.fuzz build/fuzz $(SECONDS:%=--seconds %) $(SEED:%=--seed %)

lint: .venv/ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

$(REAL_HIVE): | .venv/ready
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps \
		--no-binary dissect.regf --dest $(@D) dissect.regf==3.14

clean:
	rm -rf .venv build dist

.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test]"
	touch $@
