# Two commands matter: `make run` serves the desk, `make test` proves it.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: run test lint screenshots bench clean

run: $(VENV)/.installed
	$(BIN)/tare serve

test: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	OMP_NUM_THREADS=$${OMP_NUM_THREADS:-1} $(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/mypy

# Takes the pictures of the README anew (needs Chromium).
screenshots: $(VENV)/.installed-dev
	TARE_SHOTS=docs/screenshots $(BIN)/python -m pytest tests/browser

# Measures docs/benchmarks.md anew: the rivals' environments, the models, every case. Most of an hour on two quiet
# cores, and only there a figure; `make bench QUICK=--quick` sees that it all works.
bench: $(VENV)/.installed-dev
	$(BIN)/python -m bench.environments
	$(BIN)/python -m bench.models
	$(BIN)/python -m bench.run $(QUICK)
	$(BIN)/python -m bench.desk $(QUICK)
	$(BIN)/python -m bench.growth $(QUICK)

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tare needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make run PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache
