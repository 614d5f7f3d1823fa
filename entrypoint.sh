#!/bin/sh
# What the image runs, and Apptainer's runscript: every argument is render-worker's.

# `apptainer --cleanenv` drops Slurm's variables, the rank and CUDA_VISIBLE_DEVICES among them: every
# task would do all of the work, and on the same GPU.
if [ -z "${SLURM_JOB_ID:-}${RENDER_WORKER_RANK:-}" ] && grep -qs '/job_[0-9]' /proc/self/cgroup; then
	echo "render-worker: this is a Slurm task without Slurm's variables: leave out --cleanenv" >&2
	exit 64
fi

# Under Apptainer the image's volumes are read-only folders: the driver then keeps its cache in the home.
[ -w "${TMPDIR:-/tmp}" ] || export TMPDIR=/tmp
[ -w "${CUDA_CACHE_PATH:-}" ] || unset CUDA_CACHE_PATH OPTIX_CACHE_PATH

[ $# -gt 0 ] || set -- --help

# tini, because a TERM that comes before Python has its handlers is lost on a process 1, and because
# git leaves children behind. -I keeps a bound home's packages and the host's PYTHON* variables out.
exec tini -s -- /opt/venv/bin/python -I -m worker "$@"
