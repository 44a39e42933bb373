# What a machine with Python 3.11+, pip and make needs:  make demo,  make test.
PY ?= python3
BIN := .venv/bin
UV := $(BIN)/uv pip
LOCK := $(UV) compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate
CORE := .venv/.core
DEV := .venv/.dev
CODE := src tests tools benchmarks examples parity

.PHONY: demo test check fuzz coverage bench parity lock clean help

help:
	@echo "make demo      run two strategies on bundled data (sets up .venv, core dependencies only)"
	@echo "make test      format, types, layers, tests"
	@echo "make coverage  kernel, engine and strategy with the compiler off: at least 90 %"
	@echo "make fuzz      20,000 random scenarios against the oracle"
	@echo "make bench     speed of kernel, engine and command line"
	@echo "make parity    compare with six other tools, each in an environment of its own"
	@echo "make lock      write the requirement locks anew"

.venv/pyvenv.cfg:
	$(PY) -m venv .venv
	-$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt

# uv where it installs, pip where it does not; either checks every hash
define install
	@$(UV) sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements/$(1).txt 2>/dev/null \
	 || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/$(1).txt
	@$(UV) install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e . 2>/dev/null \
	 || $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
endef

$(CORE): .venv/pyvenv.cfg requirements/core.txt pyproject.toml
	@if [ -f $(DEV) ]; then touch $(CORE); else echo "setting up .venv (core dependencies) …"; fi
	$(if $(wildcard $(DEV)),,$(call install,core))
	@touch $(CORE)

$(DEV): .venv/pyvenv.cfg requirements/dev.txt pyproject.toml
	@echo "setting up .venv (development dependencies) …"
	$(call install,dev)
	@touch $(DEV) $(CORE)

demo: $(CORE)
	@began=$$(date +%s); $(BIN)/quant demo && echo "demo took $$(( $$(date +%s) - began )) s"

check: $(DEV)
	$(BIN)/ruff format --check --quiet $(CODE)
	$(BIN)/ruff check --quiet $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

test: $(DEV)
	@began=$$(date +%s); $(MAKE) --no-print-directory check \
	 && $(BIN)/python tools/warm_kernel.py \
	 && $(BIN)/pytest -n 2 --dist worksteal -q \
	 && echo "test took $$(( $$(date +%s) - began )) s"

coverage: $(DEV)
	NUMBA_DISABLE_JIT=1 QUANT_FUZZ_SEEDS=50 $(BIN)/pytest -n 2 --dist worksteal -q -m "not slow" \
	 --cov=quant.kernel --cov=quant.engine --cov=quant.strategy --cov-report=term --cov-fail-under=90 \
	 tests/kernel tests/golden tests/engine tests/lookahead tests/oracle tests/strategy tests/cli

fuzz: $(DEV)
	QUANT_FUZZ_SEEDS=20000 $(BIN)/pytest -n 2 -q tests/oracle

bench: $(CORE)
	$(BIN)/python benchmarks/run.py

parity: $(CORE)
	@$(BIN)/python -m parity

lock: $(DEV)
	$(LOCK) requirements/uv.in -o requirements/uv.txt
	$(LOCK) pyproject.toml --extra dev requirements/build.in -o requirements/dev.txt
	$(LOCK) pyproject.toml requirements/build.in -c requirements/dev.txt -o requirements/core.txt
	for peer in parity/requirements/*.in; do $(LOCK) $$peer -o $${peer%.in}.txt; done

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage
