# Every target sets up what it needs, so each works as the first command in a fresh clone.
# Needed beforehand: git, make and Python 3.11+ (`make PYTHON=/path/to/python` to choose one).

VENV := .venv
BENCH_VENV := .venv-bench
PY := $(VENV)/bin/python
# Otherwise each of the processes that tests start compiles what it imports anew.
unexport PYTHONDONTWRITEBYTECODE

INSTALL := bin/python -m pip install -qq --disable-pip-version-check

.DEFAULT_GOAL := help

.PHONY: help
help: ## list these targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(VENV)/.ready ## verify three services, run them, break a contract
	$(PY) -m examples.demo

.PHONY: test
test: $(VENV)/.ready ## run all tests, end to end ones included
	$(PY) -m pytest -n auto --dist worksteal $(ARGS)

.PHONY: test-fast
test-fast: $(VENV)/.ready ## run the tests that need no server and take no long time
	$(PY) -m pytest -n auto --dist worksteal -m "not e2e and not server and not slow" $(ARGS)

.PHONY: check
check: $(VENV)/.ready ## check format, lint, types, layers and exported contracts
	$(PY) -m ruff format --check --diff .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/eventkit export --check

.PHONY: format
format: $(VENV)/.ready ## format the code and mend what lint can mend
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

.PHONY: bench
bench: $(BENCH_VENV)/.ready ## measure eventkit beside its peers
	$(BENCH_VENV)/bin/python -m benchmarks $(ARGS)

.PHONY: faults
faults: $(VENV)/.ready ## kill, cut and block whatever there is, and report what came of it
	$(PY) -m tests.faults --report benchmarks/faults.md $(ARGS)

.PHONY: docs
docs: $(VENV)/.ready ## build the offline site of the example services
	$(VENV)/bin/eventkit docs build

.PHONY: rules
rules: $(VENV)/.ready ## write docs/rules.md from the table of rules
	$(PY) tools/write_rules.py

# uv keeps the pins that still fit; `make pin ARGS=--upgrade` takes the newest releases.
PIN := $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make pin" --all-extras pyproject.toml

.PHONY: pin
pin: $(VENV)/.ready ## pin the dependencies of pyproject.toml in requirements/
	$(PIN) --group dev --output-file requirements/dev.txt $(ARGS)
	$(PIN) --group bench --output-file requirements/bench.txt $(ARGS)

.PHONY: clean
clean: ## remove environments, caches and build results
	rm -rf $(VENV) $(BENCH_VENV) build dist site .eventkit_cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One environment for work, one for the benchmarks' peers. The stamp is written last: an interrupted set-up is made again.
$(VENV)/.ready: requirements/dev.txt
$(BENCH_VENV)/.ready: requirements/bench.txt
$(VENV)/.ready $(BENCH_VENV)/.ready: pyproject.toml
	@echo "Setting up $(@D) from $(filter %.txt,$^)"
	@test -x $(@D)/bin/python || { python=$$(sh tools/find-python.sh) && "$$python" -m venv --clear $(@D); }
	@$(@D)/$(INSTALL) --require-hashes --requirement $(filter %.txt,$^)
	@$(@D)/$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@
