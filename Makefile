# Each target makes what it needs, so each works as the first command on a fresh clone.
# Needed: make, Python 3.11 or newer, and pip's usual way to its packages.

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest -q
READY := .venv/ready
PEERS := build/peers/ready

.DEFAULT_GOAL := help
.PHONY: help demo serve test faults chaos fuzz check bench figures format docs migration lock clean

help:  ## What there is to make
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/^([a-z]+):[^#]*## */  make \1	/' | expand -t 16

demo: $(READY)  ## Play the sample breach through the API, from opened to closed
	$(BIN)/tocsin demo

serve: $(READY)  ## Everything in one process, on SQLite, with sandbox providers
	$(BIN)/tocsin serve

# Both at once: each keeps one core busy. What PostgreSQL had to say comes after.
test: $(READY)  ## The suite on SQLite, and what touches a database on PostgreSQL and Redis
	@log=$$(mktemp); \
	TOCSIN_TEST_DATABASE=postgresql $(PYTEST) -p no:cacheprovider \
		-m "database and not chaos and not fuzz" >$$log 2>&1 & \
	$(PYTEST) -m "not chaos and not fuzz"; sqlite=$$?; \
	wait $$!; postgresql=$$?; \
	echo "== on PostgreSQL and Redis"; cat $$log; rm -f $$log; \
	test $$sqlite -eq 0 && test $$postgresql -eq 0

faults: $(READY)  ## The fault plan: workers, brokers, databases, disks; some minutes
	$(PYTEST) -m chaos -s

chaos: $(READY)  ## The fault plan at its nightly volumes; hours
	TOCSIN_TEST_ROUNDS=nightly $(PYTEST) -m chaos -s

fuzz: $(READY)  ## Schemathesis against the OpenAPI; about two minutes
	$(PYTEST) -m fuzz

check: $(READY)  ## Format, lint, types, the direction of imports, and every law file
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/tocsin law check

bench: $(READY) $(PEERS)  ## Speeds and memory on SQLite and PostgreSQL, beside three peers
	$(BIN)/python -m benchmarks

figures: $(READY) $(PEERS)  ## Measure with a million people, and draw docs/figures.md anew; hours
	$(BIN)/python -m benchmarks --people 1000000 --into docs/figures/bench.json
	$(BIN)/python -m benchmarks.growth
	$(BIN)/python -m benchmarks.page > docs/figures.md

format: $(READY)  ## Put the code into its usual shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(READY)  ## Write the pages of docs/reference/ that are drawn from the code
	$(BIN)/python docs/reference/make_settings.py > docs/reference/settings.md
	$(BIN)/python docs/reference/make_api.py > docs/reference/api.md
	$(BIN)/python docs/reference/make_cli.py > docs/reference/cli.md
	$(BIN)/python docs/reference/make_facts.py > docs/reference/facts.md
	$(BIN)/python docs/reference/make_law.py docs/law

migration: $(READY)  ## Draft a migration from the tables: make migration MESSAGE="what changes"
	$(BIN)/python -m incidents.database.migrations.draft "$(MESSAGE)"

lock: $(READY)  ## Choose the newest versions that fit pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --universal --python-version 3.11 --upgrade --generate-hashes \
		--no-emit-index-url --no-header --quiet --group dev pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --universal --python-version 3.11 --upgrade --generate-hashes \
		--no-emit-index-url --no-header --quiet --group bench -o benchmarks/peers.lock

clean:  ## Remove what was made here, the environment too
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Tocsin needs Python 3.11 or newer; try: make PYTHON=/path/to/python"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || \
		{ echo "This Python has no venv module; on Debian: apt install python3-venv"; exit 1; }
	@echo "Installing into .venv; this takes a minute, once."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

# Apart from ours: nothing of what they need is needed by what they are compared with.
$(PEERS): benchmarks/peers.lock | $(READY)
	@$(BIN)/python -m venv build/peers
	@build/peers/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r benchmarks/peers.lock
	@touch $(PEERS)
