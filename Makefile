# Two commands do everything on a machine with Python, pip and make: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
FUZZ_SECONDS ?= 3600

.PHONY: demo test test-all lint fuzz explore bench setup clean

setup: $(STAMP)

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	@echo "Installing neurothermo and its tools (about half a gigabyte, once) ..."
	$(BIN)/python -m pip install --quiet --editable '.[dev,bench]'
	@touch $(STAMP)

demo: setup
	$(BIN)/neurothermo reproduce chen2020 --trials 2000 --out demo-report --overwrite \
	    --figure 2 --figure 3 --figure 4a --figure 4c --figure 4e --figure 5

test: setup
	$(BIN)/python -m pytest -m "not slow" -n 2

test-all: setup
	$(BIN)/python -m pytest

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The gate's: as many inputs every time, from the same beginning.
fuzz: setup
	$(BIN)/python -m tests.fuzz --fixed --seed 1 --seconds 240

# Other inputs every time, for as long as wanted.
explore: setup
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS)

bench: setup
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) demo-report build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
