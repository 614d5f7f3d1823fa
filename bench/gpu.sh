#!/bin/sh
# Runs the GPU benchmark and writes the results to docs/performance.md:
#
#     bench/gpu.sh
#
# Needs an NVIDIA GPU and driver, Python 3.11 and make. Creates .venv if it does not exist.
#
#     bench/gpu.sh --cpu
#
# goes through the same steps on the CPU, with two small pictures, and stores nothing: to test this.
# It needs the .venv of 'make setup-dev'.
set -eu
cd "$(dirname "$0")/.."
if [ "${1:-}" = --cpu ]; then
	device=cpu
else
	device=auto
	nvidia-smi -L | grep -q '^GPU ' || {
		echo "bench/gpu.sh: nvidia-smi finds no GPU" >&2
		exit 69
	}
	make setup-dev
fi
.venv/bin/python -m worker doctor --device "$device"
exec .venv/bin/python -m bench "$@" gpu
