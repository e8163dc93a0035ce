# Sets up a virtual environment of its own in .venv; needs python3 (3.11 or later) with venv, and make.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint bench clean

demo: .venv/ready
	$(BIN)/python -m fixtures.demo build/demo

test: lint
	$(BIN)/python -m pytest

bench: .venv/ready
	$(BIN)/python -m fixtures.benchmark
	$(BIN)/python -m fixtures.benchmark_model

lint: .venv/ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

clean:
	rm -rf .venv build dist

.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test]"
	touch $@
