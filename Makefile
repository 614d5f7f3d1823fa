# The commands that users type. `make run` and `make test` need Python 3.11 and nothing else.
# Two targets install into .venv: setup, what a run needs; setup-dev, also what lint and tests need.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
READY_DEV := $(VENV)/.ready-dev
READY_NERF := $(VENV)/.ready-nerf
LOCKS := locks/bpy.lock locks/build.lock
NERF_LOCKS := locks/nerf-cpu.lock locks/nerf.lock
DEV_LOCKS := locks/dev.lock locks/stubs-5.2.lock locks/stubs-4.5.lock locks/stubs-3.2.lock
PIP := $(BIN)/python -m pip install --disable-pip-version-check

.PHONY: help run nerf setup setup-dev test test-cluster versions quick integration e2e lint types types-3.2 types-5.2 types-library fuzz bench lock clean libraries
.DEFAULT_GOAL := help

help: ## Show this help
	@grep -E '^[a-z0-9 -]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

# Small enough for a laptop's CPU; `make run SMALL=` renders the preset unchanged, into ./out-full.
SMALL := --set views=6 --set resolution=256 --set samples=32
OUT = $(if $(strip $(SMALL)),out,out-full)

run: setup samples ## Render the sample objects on the CPU into ./out and make a contact sheet
	@$(BIN)/render-worker run samples --output $(OUT) --device cpu $(SMALL) || { status=$$?; \
		test $$status != 78 || echo "choose another folder (make run OUT=…) or start over (make clean)"; exit $$status; }
	@$(BIN)/render-worker gallery --output $(OUT) --sheet $(OUT)/contact-sheet.png
	@echo "see them in a browser: $(BIN)/render-worker gallery --output $(OUT) --open"

OBJECT = knot.ply
nerf: OUT = out-nerf
nerf: setup samples $(READY_NERF) ## Render OBJECT=knot.ply of the samples, train a radiance field on it, on the CPU
	@$(BIN)/python -m examples.nerf samples/$(OBJECT) --to $(OUT)

# Renamed when complete, so that Ctrl-C leaves no partial folder.
samples: | setup
	@echo "making sample objects"
	@rm -rf samples.part
	@$(BIN)/python -m tests.sample_models samples.part >/dev/null
	@mv samples.part samples

setup: libraries $(READY) ## Install what a run needs into .venv, from hashed locks
	@$(BIN)/python -m compileall -q worker render_worker || true  # Blender's processes write no bytecode

setup-dev: setup $(READY_DEV) ## Also install what lint, tests and benchmarks need

libraries:
	@test -n "$(PYTHON)" || { echo "Python 3.11 is needed, and there is no python3.11 or python3 on PATH"; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if v == (3, 11) else "Python 3.11 is needed (the bpy wheel is built for it), this is %d.%d: make PYTHON=/path/to/python3.11 …" % v)'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "Python's venv module is missing: sudo apt-get install -y python3.11-venv"; exit 1; }
	@$(PYTHON) worker/supervisor/libraries.py

# A new version of the worker is installed again. pip shows its progress, because a first install
# takes a minute or more.
$(READY): $(LOCKS) pyproject.toml worker/__init__.py | libraries
	@test -e $@ && echo "updating $(VENV)" \
		|| echo "installing Blender and the worker into $(VENV): downloads 0.5 GB, takes 1.3 GB of disk"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --require-hashes $(addprefix -r ,$(LOCKS))
	@$(PIP) --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(READY_DEV): $(DEV_LOCKS) $(READY)
	@test -e $@ && echo "updating the developers' tools in $(VENV)" \
		|| echo "installing the developers' tools into $(VENV): downloads 0.2 GB, takes 0.7 GB of disk"
	@$(PIP) --require-hashes -r locks/dev.lock
	@for version in 5.2 4.5 3.2; do \
		rm -rf $(VENV)/stubs-$$version; \
		$(PIP) --quiet --require-hashes --no-deps \
			--target $(VENV)/stubs-$$version -r locks/stubs-$$version.lock || exit 1; \
		for stubs in $(VENV)/stubs-$$version/*-stubs; do mv $$stubs $${stubs%-stubs}; done; \
	done
	@touch $@

# A build of torch without CUDA, if one of pip's indexes has it; PyPI's for Linux on x86-64 has CUDA.
$(READY_NERF): $(NERF_LOCKS) $(READY)
	@echo "installing torch into $(VENV): downloads 0.2 GB, takes 1 GB of disk"
	@$(PIP) --require-hashes -r locks/nerf-cpu.lock || { \
		echo "pip found no torch without CUDA, so PyPI's is installed: downloads 3 GB, takes 6 GB of disk."; \
		echo "PyTorch's site names an index of builds for CPUs: PIP_EXTRA_INDEX_URL=… make nerf takes that"; \
		$(PIP) --require-hashes -r locks/nerf.lock; }
	@touch $@

test: setup-dev lint ## Lint, type-check and run the whole test suite
	@$(BIN)/python -m pytest tests/unit tests/integration tests/e2e -n 2 --dist loadfile $(TEST)

test-cluster: setup-dev ## Containers and schedulers, for real; needs root
	@$(BIN)/python -m pytest tests/cluster -m cluster $(TEST)

VERSIONS ?= 4.2 5.0 5.2
versions: setup-dev ## A choice of the tests under the wheels of VERSIONS="4.2 5.0 5.2"; each downloads 0.5 GB
	@$(BIN)/python -m tests.tools.versions $(VERSIONS)

quick: setup-dev ## Only the unit tests
	@$(BIN)/python -m pytest tests/unit -q

integration e2e: setup-dev ## Only the tests of tests/integration, of tests/e2e
	@$(BIN)/python -m pytest tests/$@ -n 2 --dist loadfile $(TEST)

lint: setup-dev ## ruff, the rules of imports, and mypy, strict; Blender's side against 3.2, 4.5 and 5.2, the library for 3.10
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-logo --no-cache
	@$(MAKE) --no-print-directory --jobs 2 --output-sync types types-3.2 types-5.2 types-library

types:
	@$(BIN)/mypy

types-3.2 types-5.2: types-%:
	@MYPYPATH=$(VENV)/stubs-$* $(BIN)/mypy --config-file /dev/null --strict --python-version 3.10 \
		--cache-dir .mypy_cache/$* -p worker.blender -p worker.contract -p tests.sample_models

types-library:
	@$(BIN)/mypy --python-version 3.10 --cache-dir .mypy_cache/3.10 -p render_worker

FUZZ_MINUTES ?= 60
fuzz: setup-dev ## Mutated models of every format through one worker, for FUZZ_MINUTES=60; ./fuzz keeps what killed
	@$(BIN)/python -m tests.fuzz --minutes $(FUZZ_MINUTES) --keep fuzz $(FUZZ)

bench: setup-dev ## Run every benchmark and write docs/performance.md (an hour or two, on a quiet machine)
	@$(BIN)/python -m bench $(BENCH)

lock: setup ## Renew the locks (needs uv)
	@for spec in "run 3.11 --extra hdf5 pyproject.toml" "bpy 3.11 --extra bpy --extra hdf5 pyproject.toml" \
			"bpy-4.2 3.11 --extra hdf5 pyproject.toml locks/bpy-4.2.in" \
			"bpy-5.0 3.11 --extra hdf5 pyproject.toml locks/bpy-5.0.in" \
			"bpy-5.2 3.13 --extra hdf5 pyproject.toml locks/bpy-5.2.in" \
			"dev 3.11 --extra bpy --extra dev pyproject.toml" "build 3.11 locks/build.in" \
			"nerf 3.11 --constraint locks/bpy.lock --extra nerf pyproject.toml" \
			"nerf-cpu 3.11 --constraint locks/bpy.lock locks/nerf-cpu.in" \
			"stubs-5.2 3.11 locks/stubs-5.2.in" "stubs-4.5 3.11 locks/stubs-4.5.in" \
			"stubs-3.2 3.11 locks/stubs-3.2.in"; do \
		set -- $$spec; name=$$1; python=$$2; shift 2; \
		uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version $$python \
			"$$@" --output-file locks/$$name.lock || exit 1; \
	done

clean: ## Remove everything that these commands made
	rm -rf $(VENV) fuzz out out-full out-nerf samples samples.part .mypy_cache .ruff_cache .pytest_cache
