#!/bin/sh
# Runs the GPU benchmark and writes the results to docs/performance.md:
#
#     bench/gpu.sh
#
# Needs an NVIDIA GPU and driver, Python 3.11 and make. Creates .venv if it does not exist.
set -eu
cd "$(dirname "$0")/.."
nvidia-smi -L | grep -q '^GPU ' || {
	echo "bench/gpu.sh: nvidia-smi finds no GPU" >&2
	exit 69
}
make setup-dev
.venv/bin/render-worker doctor
exec .venv/bin/python -m bench "$@" gpu
