SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

BIN := .venv/bin
MEMBERS := libs/common libs/projection services/api services/ingest services/store services/connector deploy/local
INSTALLED := .venv/.installed
UV_VERSION := 0.13.8
# The machine's uv, or one that lives in this folder.
UV := $(or $(shell command -v uv),.uv/bin/uv)
UP_OPTIONS ?=
# Of `make arrivals`.
EVENTS ?= 720000
KILLS ?= 60
# Of `make faults`: an expression of pytest's -k, and how many rounds.
CASE ?=
REPEAT ?= 1
# Of `make properties`.
TIMES ?= 10
# Of `make bench`: names of rows (all when empty), and whether they are to be small.
ROW ?=
QUICK ?=
# Of `make soak`: without a seed, another one each time.
MINUTES ?= 10
SEED ?=
# Only the folders that are there.
FAST_TESTS := $(wildcard tests/unit tests/contract tests/properties)
# The longest first: then no process is left with one of them in the end.
SERVER_TESTS := $(wildcard tests/faults tests/end_to_end tests/integration)
TEST_PROCESSES ?= 2
# Each has a Kafka and a mongod of its own, and mostly waits.
SERVER_TEST_PROCESSES ?= 3
FAULT_PROCESSES ?= 2

.PHONY: help install up down status clean test test-unit browser test-compose lint types imports format lock generate bench arrivals properties faults faults-summary soak bench-connectors

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

install: $(INSTALLED) ## Prepare .venv with every command, from requirements.lock

$(INSTALLED): requirements.lock pyproject.toml $(addsuffix /pyproject.toml,$(MEMBERS)) | $(UV)
	$(UV) venv --quiet --allow-existing --python '>=3.11' .venv
	VIRTUAL_ENV=$(CURDIR)/.venv $(UV) pip sync --quiet --compile-bytecode --require-hashes requirements.lock
	VIRTUAL_ENV=$(CURDIR)/.venv $(UV) pip install --quiet --no-deps --no-build-isolation $(addprefix --editable ./,$(MEMBERS))
	touch $@

.uv/bin/uv:
	python3 -m venv .uv
	.uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

up: $(INSTALLED) ## Run everything on this machine until Ctrl-C (DETACH=1: in the background; UP_OPTIONS='--api-port 8081')
	@$(BIN)/waypost-local up $(if $(DETACH),--detach) $(UP_OPTIONS)

down: $(INSTALLED) ## Stop what `make up` started; data survives
	@$(BIN)/waypost-local down

status: $(INSTALLED) ## Say what runs
	@$(BIN)/waypost-local status

clean: ## Stop, and remove the data and the caches of this folder
	@[ ! -x $(BIN)/waypost-local ] || $(BIN)/waypost-local down
	rm -rf .waypost .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage htmlcov .faults .benchmarks
	find $(MEMBERS) tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Bytecode is kept, whatever the shell says: else each process compiles all of our code, and every test, anew.
test test-unit properties faults faults-summary soak bench bench-connectors: export PYTHONDONTWRITEBYTECODE :=

test: lint types imports ## Everything that CI checks (Kafka and mongod of its own; minutes)
	$(BIN)/pytest -q --numprocesses $(TEST_PROCESSES) $(FAST_TESTS)
	$(BIN)/pytest -q --numprocesses $(SERVER_TEST_PROCESSES) --dist loadgroup --no-loadscope-reorder -m 'not alone' $(SERVER_TESTS)
	$(BIN)/pytest -q -m alone $(SERVER_TESTS)
	$(BIN)/pytest -q -rs tests/browser

test-unit: $(INSTALLED) ## The tests that need no server
	$(BIN)/pytest -q --numprocesses $(TEST_PROCESSES) -m 'not slow' $(wildcard tests/unit tests/contract)

test-compose: $(INSTALLED) ## The composition in real containers, on a project of its own; needs Docker (minutes)
	WAYPOST_TEST_COMPOSE=1 $(BIN)/pytest -v -s -x -rs --durations=10 tests/compose

lint: $(INSTALLED) ## Ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED) ## Mypy, strict
	$(BIN)/mypy $(addsuffix /src,$(MEMBERS))
	$(BIN)/mypy --explicit-package-bases tests benchmarks examples

imports: $(INSTALLED) ## Which package may import which
	$(BIN)/lint-imports --config pyproject.toml

format: $(INSTALLED) ## Ruff puts right what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: | $(UV) ## Take new versions into the lock files (versions and hashes, no addresses)
	rm -f uv.lock
	$(UV) export --quiet --all-packages --all-groups --no-emit-workspace --no-annotate --no-header \
		--format requirements.txt --output-file requirements.lock > /dev/null
	rm -f uv.lock
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --exclude-newer '7 days' --upgrade \
		--no-annotate --no-header --output-file tests/schemathesis/requirements.lock tests/schemathesis/requirements.in > /dev/null

generate: $(INSTALLED) ## Write the OpenAPI and AsyncAPI documents, the JSON Schemas and three pages of docs from the code
	$(BIN)/waypost-api openapi > services/api/openapi.yaml.new
	mv services/api/openapi.yaml.new services/api/openapi.yaml
	for service in ingest store; do \
		$(BIN)/waypost-$$service asyncapi > services/$$service/asyncapi.yaml.new; \
		mv services/$$service/asyncapi.yaml.new services/$$service/asyncapi.yaml; \
	done
	$(BIN)/python docs/generate_settings.py > docs/settings.md.new
	mv docs/settings.md.new docs/settings.md
	$(BIN)/python docs/generate_backend_protocol.py > docs/backend-protocol.md.new
	mv docs/backend-protocol.md.new docs/backend-protocol.md
	$(BIN)/python docs/generate_telemetry.py > docs/telemetry.md.new
	mv docs/telemetry.md.new docs/telemetry.md
	$(BIN)/python -m waypost_common.json_schemas schemas

bench: $(INSTALLED) ## Measure every figure beside its reference (ROW='ingest messages' QUICK=1: minutes)
	$(BIN)/python -m benchmarks $(if $(QUICK),--quick) $(addprefix --row ,$(ROW))

arrivals: $(INSTALLED) ## An hour of arrivals at 200/s, a kill a minute, as fast as it goes (EVENTS=720000 KILLS=60)
	WAYPOST_TEST_ARRIVALS=$(EVENTS) WAYPOST_TEST_ARRIVALS_KILLS=$(KILLS) $(BIN)/pytest -q -rP tests/faults/test_connectors_arrivals.py

browser: $(INSTALLED) ## The console in a real Chromium (Debian's): a part of make test, a minute or two
	$(BIN)/pytest -v -rs tests/browser

properties: $(INSTALLED) ## Generated histories against the reference model, many times as many as in make test (TIMES=10)
	WAYPOST_TEST_PROPERTIES_TIMES=$(TIMES) $(BIN)/pytest -q --numprocesses $(TEST_PROCESSES) tests/properties

faults: $(INSTALLED) ## The whole fault suite, up to the first failure (CASE='ingest.after_bulk or store' REPEAT=20)
	@record=.faults/$$(date -u +%Y%m%dT%H%M%SZ)-$$(git describe --always --dirty --exclude '*' 2> /dev/null || echo unknown); \
	mkdir -p $$record; failed=0; \
	for round in $$(seq $(REPEAT)); do \
		echo "round $$round of $(REPEAT)"; \
		WAYPOST_TEST_ALL_FAULTS=1 $(BIN)/pytest -q -x --numprocesses $(FAULT_PROCESSES) --dist loadgroup -k '$(CASE)' \
			--junitxml $$record/$$round.xml tests/faults || { echo "failed in round $$round of $(REPEAT)"; failed=1; break; }; \
	done; \
	$(BIN)/python -m tests.faults.summary $$record; exit $$failed

faults-summary: $(INSTALLED) ## Sum up every call of make faults since make clean: each case, at which commits, how long
	@$(BIN)/python -m tests.faults.summary .faults

soak: $(INSTALLED) ## Faults at random under load, what must hold looked at all the while (MINUTES=10 SEED=7)
	WAYPOST_TEST_SOAK_MINUTES=$(MINUTES) WAYPOST_TEST_SOAK_SEED=$(SEED) $(BIN)/pytest -q -s tests/soak

bench-connectors: $(INSTALLED) ## Measure what sessions cost connectors, and how soon they work after a start and a kill
	$(BIN)/python -m benchmarks.connector_sessions
