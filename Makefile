# `make figures/fig3.pdf`: any path that Snakemake can make is a target here. The environment is made on first use.
# ARGS goes to Snakemake as it stands: make figures/fig3.pdf ARGS="--config model=embedded --"

.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help all figures tables claims report test test-slow test-sizes test-full-size test-slurm test-evalkit mutate-config mutate-code recipes lint numbers docs bench first-look plan verify embedded clean .venv

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TESTS ?= tests
ARGS ?=
TARGET ?= all
PIP_ARGS ?=
# a file of --configfile is read here first: Snakemake names neither the file nor the line of a mistake in it
SNAKEMAKE = $(if $(findstring --configfile,$(ARGS)),$(BIN)/python -m chainofsteps.config.overlays $(ARGS) && )$(BIN)/snakemake $(ARGS)
ifneq ($(words $(CURDIR)),1)
$(error the path of this folder holds a space, which Snakemake's scripts cannot stand: move it)
endif
# the first Python on PATH that is new enough, is not too new, and can make an environment with pip
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
	$$python -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	2>/dev/null && echo $$python && break; done)

help: ## this list
	@echo "make <path>     that file and all it needs, by Snakemake; figures/README.md lists the paths"
	@sed -n 's/^\([a-z.-]*\):.*## /\1|/p' Makefile | while IFS='|' read -r name what; do \
		printf 'make %-10s %s\n' "$$name" "$$what"; done

.venv: $(READY) ## the environment alone, from requirements.lock

all: ## every figure, table, claim and the report
figures: ## every figure
tables: ## every table
claims: ## the verdict on each claim of the paper: claims/claims.md
report: ## report.zip: figures, tables and claims with their captions as HTML, which opens offline
all figures tables claims report: $(READY)
	$(SNAKEMAKE) $@

test: $(READY) ## the tests but the slow ones, on two cores
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadgroup $(TESTS)

test-slow: $(READY) ## the slow ones: whole runs of the workflow, interruptions, docs/extend.md
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadgroup -m slow $(TESTS)

test-sizes: $(READY) ## every puzzle at 480x480, 832x480 and 512x512 in 81 frames, and `all` at 128x128: minutes
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadgroup -m sizes $(TESTS)

test-full-size: $(READY) ## `all` of a thin model at 832x480 and 81 frames: an hour
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -m full_size tests/workflow

test-slurm: $(READY) ## the workflow on a SLURM with two fake GPUs, started here: as root; installs slurm-wlm, munge
	tests/slurm/install.sh
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -m slurm tests/slurm

test-evalkit: $(READY) ## the official scorer of VBVR-Bench, downloaded; skipped with the reason where it cannot be
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -rs -m evalkit tests/bench/evalkit/test_evalkit.py

mutate-config: $(READY) ## 500 slips of the hand in config.yaml: each runs, or stops in one line that names it
	OMP_NUM_THREADS=1 $(BIN)/python tests/mutate_config.py

mutate-code: $(READY) ## would the quick tests notice? 100 small faults of a seed in the code; ARGS="probes/swap": a part
	OMP_NUM_THREADS=1 $(BIN)/python tests/mutate_code.py $(ARGS)

recipes: $(READY) ## after a change of a probe's code: its fingerprint anew; raise its recipe first if numbers move
	$(BIN)/python -m pytest -q --recipes tests/house/test_recipes.py

lint: $(READY) ## ruff, snakefmt and snakemake --lint; changes nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

numbers: $(READY) ## the numbers of the last run into docs/choice_or_search.md
	$(BIN)/python docs/quoted.py

docs: $(READY) ## README and docs as a site in site/; fails on a broken link
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation -e ".[docs]"
	$(BIN)/mkdocs build --strict

bench: $(READY) ## speed against the stock pipeline: benchmarks/results.json
	$(BIN)/python benchmarks/bench.py

first-look: $(READY) ## two puzzles solved, as a grid and a video, in under a minute: figures/first_look
	OMP_NUM_THREADS=1 $(BIN)/python -m chainofsteps first-look $(ARGS)

plan: $(READY) ## jobs, forwards, hours, disk, memory that TARGET still needs (default: all), before anything runs
	@$(BIN)/python -m chainofsteps plan $(TARGET) $(ARGS)

verify: $(READY) ## check all results that are there against their manifests; makes nothing
	$(SNAKEMAKE) verify

embedded: $(READY) ## train the miniature model in models/embedded anew
	$(BIN)/python -m chainofsteps train $(ARGS)

clean: ## remove results, figures and caches; .venv and the model stay
	rm -rf results tables claims report.zip site .snakemake .pytest_cache .hypothesis .ruff_cache
	find figures -mindepth 1 ! -name README.md -delete
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

# Compiled here, on all cores, and not by pip or on first use: where PYTHONDONTWRITEBYTECODE is set, as in many containers,
# Python would compile torch and diffusers anew in every job.
$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python 3.11, 3.12 or 3.13 with its venv module is on PATH. Install one" \
		"(Debian, Ubuntu: apt-get install python3 python3-venv), or name it: make PYTHON=/path/to/python3.12 .venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile $(PIP_ARGS) -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q -j 0 -x '/(tests?|testing)/' $(VENV)/lib src
	@touch $@

# What is not named above is Snakemake's. The three empty rules keep make from asking Snakemake for its own files.
%: $(READY) FORCE
	$(SNAKEMAKE) $@

FORCE: ;
Makefile: ;
requirements.lock pyproject.toml: ;
