# Sets up a virtual environment of its own in .venv; needs python3 (3.11 or later) with venv, and make.
PYTHON ?= python3
BIN := .venv/bin
# A source package whose tests hold a hive that Windows wrote; ours read it, and nothing ships it.
REAL_HIVE := build/downloads/dissect_regf-3.14.tar.gz
# Likewise: an NTFS volume that Windows formatted, and FAT volumes.
REAL_NTFS := build/downloads/dissect_ntfs-3.16.tar.gz
REAL_FAT := build/downloads/dissect_fat-3.13.tar.gz
# Drivers for i386 that others wrote, from a package of Debian; made where apt-get and 7z are.
REAL_DRIVERS := build/downloads/real_drivers

.PHONY: demo test lint bench fuzz clean

demo: .venv/ready
	$(BIN)/python -m fixtures.demo build/demo

test: lint $(REAL_HIVE) $(REAL_NTFS) $(REAL_FAT)
	$(BIN)/python -m pytest

bench: .venv/ready
	$(BIN)/python -m fixtures.benchmark
	$(BIN)/python -m fixtures.benchmark_images
	$(BIN)/python -m fixtures.benchmark_model
	$(BIN)/python -m fixtures.benchmark_machinecode
	$(BIN)/python -m fixtures.benchmark_audit

# SECONDS=600 makes it longer, SEED=7 repeats the inputs of an earlier run.
fuzz: .venv/ready
	$(BIN)/python -m fixtures.fuzz build/fuzz $(SECONDS:%=--seconds %) $(SEED:%=--seed %)

lint: .venv/ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

build/downloads/dissect_%.tar.gz: | .venv/ready
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps \
		--no-binary dissect.$(firstword $(subst -, ,$*)) --dest $(@D) dissect.$(subst -,==,$*)

$(REAL_DRIVERS):
	fixtures/fetch_real_drivers.sh $@

clean:
	rm -rf .venv build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache

.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test]"
	touch $@
