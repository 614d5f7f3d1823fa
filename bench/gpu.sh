#!/bin/sh
# Measures on this machine's GPU and writes the numbers into docs/performance.md. One command:
#
#     bench/gpu.sh
#
# Needs an NVIDIA driver with a GPU, Python 3.11 and make; sets up .venv if it is not there yet.
set -eu
cd "$(dirname "$0")/.."
nvidia-smi -L | grep -q '^GPU ' || {
	echo "bench/gpu.sh: nvidia-smi shows no GPU here" >&2
	exit 69
}
make setup-dev
.venv/bin/render-worker doctor
exec .venv/bin/python -m bench "$@" gpu
