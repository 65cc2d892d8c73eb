# Every target sets up .venv by itself; `make help` lists them.
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# The first Python that really runs: uv's, one on PATH, or one of pyenv's.
define FIND_PYTHON
for candidate in python3.13 python3.12 $$HOME/.pyenv/versions/3.13*/bin/python $$HOME/.pyenv/versions/3.12*/bin/python python3; do \
  if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then echo $$candidate; break; fi; \
done
endef

.DEFAULT_GOAL := help
.PHONY: help install demo test floors coverage torture bench check lock clean

help: ## List the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP): pyproject.toml requirements.lock
	@echo 'Setting up $(VENV): once, for a minute or two.' >&2
	@if command -v uv >/dev/null 2>&1; then \
	  uv venv --quiet --allow-existing --seed --python '>=3.12' $(VENV); \
	else \
	  python=$$($(FIND_PYTHON)); \
	  if [ -z "$$python" ]; then echo 'stash-sync needs Python 3.12 or newer: install it, or uv, and run make again.' >&2; exit 1; fi; \
	  $$python -m venv $(VENV); \
	fi
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

install: $(STAMP) ## Set up .venv, with the command .venv/bin/stash-sync

demo: $(STAMP) ## Sync a small made-up world into the embedded Stash, and show it
	@$(BIN)/stash-sync demo

test: $(STAMP) ## Run all tests
	$(BIN)/python -m pytest -n 3 --dist worksteal --ignore=tests/faults --ignore=tests/undo
	$(BIN)/python -m pytest -n 3 --dist load tests/faults tests/undo

floors: ## Run the tests of the parts and of the store with the oldest versions that pyproject.toml takes
	@if [ ! -x .venv-floor/bin/python ]; then python=$$($(FIND_PYTHON)); $$python -m venv .venv-floor; fi
	@.venv-floor/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-floor.lock
	PYTHONPATH=$(CURDIR) .venv-floor/bin/python -m pytest -n 3 tests/unit tests/store

coverage: $(STAMP) ## Run the tests of the program itself, and tell the lines that none reaches
	$(BIN)/python -m pytest -n 3 --dist loadfile --cov --cov-report=term-missing:skip-covered --ignore=tests/faults --ignore=tests/undo

torture: $(STAMP) ## Run the fault suites at length (hours); TORTURE_SEED=N chooses the random ones
	TORTURE_FEW=4 TORTURE_KILL_ITEMS=50 TORTURE_KILL_STEP=1 TORTURE_KILL_CHAINS=100 TORTURE_UNDO_STEP=1 TORTURE_SEEDS=200 TORTURE_LOST=6 \
	  TORTURE_SUBSETS=255 TORTURE_LINK_STEP=1 TORTURE_CHUNK_STEP=1 TORTURE_STATEMENT_STEP=1 TORTURE_VERSION_STEP=1 TORTURE_FAULT_STEP=1 TORTURE_SWEEP_STEP=1 TORTURE_STARTS=200 TORTURE_HOSTS=200 TORTURE_KIND_STEP=1 TORTURE_PAYLOADS=10000 \
	  TORTURE_REPLIES=2000 TORTURE_OUTAGE_STEP=1 TORTURE_DISK_STEP=1 TORTURE_SIGNALS=100 TORTURE_WORLDS=200 TORTURE_HISTORIES=200 \
	  TORTURE_HISTORY_STEPS=50 TORTURE_ZONE_STEP=1 TORTURE_CHAINS=300 \
	  $(BIN)/python -m pytest -n 2 --dist load tests/faults tests/undo tests/metadata/test_malformed.py tests/metadata/test_fuzz.py

bench: $(STAMP) ## Run the benchmarks on the embedded Stash (minutes); writes docs/benchmarks.md
	$(BIN)/python -m benchmarks --write docs

check: $(STAMP) ## Formatting, lint, types, layers, and figures of how the package is written
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m checks.heart

lock: $(STAMP) ## Make requirements.lock and requirements-floor.lock anew from pyproject.toml
	$(BIN)/python -m pip install --quiet 'pip-tools>=7.6'
	$(BIN)/pip-compile --quiet --upgrade --strip-extras --generate-hashes --allow-unsafe --all-extras \
	  --all-build-deps --no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --output-file requirements.lock pyproject.toml
	$(BIN)/python -m pip install --quiet 'uv>=0.13'
	$(BIN)/uv pip compile --quiet --upgrade --resolution lowest-direct --python-version 3.12 --universal --generate-hashes --all-extras \
	  --no-header --no-emit-index-url --output-file requirements-floor.lock pyproject.toml

clean: ## Remove the environment and what tools left behind
	rm -rf $(VENV) .venv-floor .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage
