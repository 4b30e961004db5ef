# Peyvand's commands. Each sets up what it needs first; `make help` lists them.

MAKEFLAGS += --no-print-directory
SHELL := /bin/sh
.DEFAULT_GOAL := help
.SUFFIXES:

# An installed Python of 3.11 or later; PYTHON=/path/to/python overrides.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
PORT ?= 8000
PEYVAND_HOME ?= $(CURDIR)/.peyvand
export PORT PEYVAND_HOME
export PYTHONPATH := $(CURDIR):$(CURDIR)/platform
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PATH := $(CURDIR)/.venv/bin:$(PATH)

UI := platform/kernel/ui
PIP := .venv/bin/python -m pip install --quiet --no-input --require-hashes
PROCESSES := .venv/bin/python -m config.processes

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F '\t' '{printf "  make %-12s %s\n", $$1, $$2}'

# Setting up. Files stand for what was done, so that the second time nothing happens.

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Peyvand needs Python 3.11 or later with venv; none was found. Name it: make PYTHON=/path/to/python …" >&2; exit 1; }
	@echo "Making .venv with $(PYTHON)."
	@$(PYTHON) -m venv .venv

.venv/.run: requirements/base.txt requirements/embedded.txt requirements/build.txt | .venv/bin/python
	@echo "Installing the locked packages."
	@$(PIP) -r requirements/base.txt -r requirements/embedded.txt -r requirements/build.txt
	@touch $@

.venv/.dev: requirements/dev.txt .venv/.run
	@echo "Installing the locked packages for tests and checks."
	@$(PIP) -r requirements/base.txt -r requirements/embedded.txt -r requirements/build.txt -r requirements/dev.txt
	@touch $@

$(UI)/node_modules/.package-lock.json: $(UI)/package.json $(UI)/package-lock.json $(UI)/.npmrc .venv/.run
	@echo "Installing the locked front-end packages."
	@cd $(UI) && npm ci --silent
	@touch $@

build/.assets: $(UI)/node_modules/.package-lock.json $(UI)/build.py $(shell find $(UI)/assets -type f 2>/dev/null)
	@echo "Building the front-end assets."
	@.venv/bin/python $(UI)/build.py
	@touch $@

var/.static: build/.assets $(shell find platform tenants crm_core -path '*/node_modules' -prune -o -path '*/static/*' -type f -print 2>/dev/null)
	@.venv/bin/python platform/manage.py collectstatic --noinput --clear --verbosity 0
	@touch $@

build/.messages: $(shell find locale -name '*.po' 2>/dev/null) .venv/.run
	@mkdir -p build
	@.venv/bin/python platform/manage.py messages compile
	@touch $@

.PHONY: setup
setup: .venv/.run var/.static build/.messages ## packages, assets and translations, without starting anything

.PHONY: setup-dev
setup-dev: setup .venv/.dev

# Running.

.PHONY: run
run: setup ## everything, in the foreground: PORT=8000, PEYVAND_HOME=.peyvand; Ctrl-C stops it
	@exec $(PROCESSES) run

.PHONY: services
services: setup ## the embedded PostgreSQL and Valkey alone, in the foreground
	@exec $(PROCESSES) services

.PHONY: clean-data
clean-data: ## forgets the embedded data, after asking
	@exec infra/bin/clean-data

# Checking.

.PHONY: test
test: setup-dev ## the whole suite, on embedded services of its own
	@infra/bin/test

.PHONY: check
check: setup-dev ## lint, types, import rules, migrations, catalog rules, translations, OpenAPI, deployment checks
	@infra/bin/check

.PHONY: bench
bench: setup-dev ## the product beside raw SQL and a bare Django view, over 100,000 deals
	@infra/bin/bench

.PHONY: load
load: setup-dev ## people signing up, at work and programs on one instance at once, for a minute
	@infra/bin/load

SECONDS ?= 60
.PHONY: torture
torture: setup-dev ## leaks and faults on real processes behind PgBouncer: SECONDS=60 of crawl, about five minutes in all
	@infra/bin/torture --seconds $(SECONDS)

.PHONY: lock
lock: | .venv/bin/python ## pins every package anew, with hashes, from requirements/*.in and package.json
	@infra/bin/lock
