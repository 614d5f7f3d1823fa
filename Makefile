# The commands a person types. `make run` and `make test` need Python 3.11 and nothing else.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LOCKS := locks/dev.lock locks/stubs-4.5.lock locks/stubs-3.2.lock

.PHONY: help run setup test test-cluster quick lint lock clean libraries
.DEFAULT_GOAL := help

help: ## Show this help
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# Small enough for a laptop's CPU; `make run SMALL=` renders the preset as it stands, elsewhere.
SMALL := --set views=6 --set resolution=256 --set samples=32
OUT = $(if $(strip $(SMALL)),out,out-full)

run: setup samples ## Render the sample objects on the CPU into ./out and make a contact sheet
	@$(BIN)/render-worker run samples --output $(OUT) --device cpu $(SMALL) || { status=$$?; \
		test $$status != 78 || echo "another folder: make run OUT=…, or begin again: make clean"; exit $$status; }
	@$(BIN)/render-worker gallery --output $(OUT)

# Whole or not at all, also after Ctrl-C.
samples: | setup
	@echo "making sample objects"
	@rm -rf samples.part
	@$(BIN)/python -m tests.sample_models samples.part >/dev/null
	@mv samples.part samples

setup: libraries $(READY) ## Make .venv from the hashed locks

libraries:
	@test -n "$(PYTHON)" || { echo "Python 3.11 is needed, and there is no python3.11 or python3 on PATH"; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if v == (3, 11) else "Python 3.11 is needed (the bpy wheel is built for it), this is %d.%d: make PYTHON=/path/to/python3.11 …" % v)'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "Python's venv module is missing: sudo apt-get install -y python3.11-venv"; exit 1; }
	@$(PYTHON) worker/supervisor/libraries.py

$(READY): $(LOCKS) pyproject.toml
	@echo "setting up $(VENV): about 1 GB on disk, a few minutes the first time"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/dev.lock
	@for version in 4.5 3.2; do \
		rm -rf $(VENV)/stubs-$$version; \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
			--target $(VENV)/stubs-$$version -r locks/stubs-$$version.lock || exit 1; \
		for stubs in $(VENV)/stubs-$$version/*-stubs; do mv $$stubs $${stubs%-stubs}; done; \
	done
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

test: setup lint ## Lint, type-check and run the whole test suite
	@$(BIN)/python -m pytest tests/unit tests/integration tests/e2e -n 2 --dist loadfile $(TEST)

test-cluster: setup ## Containers and schedulers, for real; needs root
	@$(BIN)/python -m pytest tests/cluster -m cluster $(TEST)

quick: setup ## Only the unit tests
	@$(BIN)/python -m pytest tests/unit -q

lint: setup ## ruff, the rules of imports, and mypy, strict; Blender's side against 3.2 and 4.5
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-logo --no-cache
	@$(BIN)/mypy
	@MYPYPATH=$(VENV)/stubs-3.2 $(BIN)/mypy --config-file /dev/null --strict --python-version 3.10 \
		--cache-dir .mypy_cache/3.2 -p worker.blender -p worker.contract -p tests.sample_models

bench: setup ## Run every benchmark and write docs/performance.md (an hour or two, on a quiet machine)
	@$(BIN)/python -m bench $(BENCH)

lock: setup ## Renew the locks (needs uv)
	@for spec in "run --extra hdf5 pyproject.toml" "bpy --extra bpy --extra hdf5 pyproject.toml" \
			"dev --extra bpy --extra dev pyproject.toml" \
			"stubs-4.5 locks/stubs-4.5.in" "stubs-3.2 locks/stubs-3.2.in"; do \
		set -- $$spec; name=$$1; shift; \
		uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
			"$$@" --output-file locks/$$name.lock || exit 1; \
	done

clean: ## Remove what the other commands made
	rm -rf $(VENV) out out-full samples samples.part .mypy_cache .ruff_cache .pytest_cache
