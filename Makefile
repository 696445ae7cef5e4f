# make demo: a synthetic patient staged     make test: the tests     make lint, bench, validate: see CONTRIBUTING.md
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# what is never imported need not be compiled: half of the time of the installation
PIP    := $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -c constraints.txt

.PHONY: demo test lint bench validate clean

$(VENV)/made:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || { echo "lungstage needs Python 3.11 or newer; try make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/core: $(VENV)/made setup.cfg pyproject.toml constraints.txt
	$(PIP) -e .
	@touch $@

$(VENV)/dev: $(VENV)/made setup.cfg pyproject.toml constraints.txt
	$(PIP) -e ".[dev,pgm]"
	@touch $(VENV)/core $@

demo: $(VENV)/core
	@$(BIN)/lungstage-classic phantom demo-case --edition 9 --t T2a --n N2a --m M0 --seed 7 --coverage thorax --overwrite
	@$(BIN)/lungstage-classic stage demo-case -o demo-out --overwrite
	@echo "open  demo-out/report.html"

test: $(VENV)/dev
	$(BIN)/python -m pytest -n 2 --dist loadgroup --benchmark-disable tests
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -q -n 2 --benchmark-disable tests/kernels

lint: $(VENV)/dev
	$(BIN)/ruff check lungstage tests benchmarks
	$(BIN)/ruff format --check lungstage tests benchmarks

bench: $(VENV)/dev
	$(BIN)/python -m pytest benchmarks/speed --benchmark-only

validate: $(VENV)/dev
	$(BIN)/python -m benchmarks.validate $(VALIDATE)

clean:
	rm -rf demo-case demo-out build *.egg-info
