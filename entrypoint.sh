#!/bin/sh
# What the image runs, and Apptainer's runscript: every argument is render-worker's.

# `apptainer --cleanenv` drops Slurm's variables, the rank and CUDA_VISIBLE_DEVICES among them: every
# task would do all of the work, and on the same GPU.
if [ -z "${SLURM_JOB_ID:-}${RENDER_WORKER_RANK:-}" ] && grep -qs '/job_[0-9]' /proc/self/cgroup; then
	echo "render-worker: this is a Slurm task without Slurm's variables: leave out --cleanenv" >&2
	exit 64
fi

# Under Apptainer the image's own volumes are read-only folders: temporary files then go to /tmp, and
# the driver keeps its cache in the home. Folders that the user named are reported if unusable.
unusable() { # VARIABLE FOLDER THE-IMAGE'S-OWN
	[ -n "$2" ] && ! [ -w "$2" ] || return 1
	[ "$2" = "$3" ] || echo "render-worker: $1: cannot write to $2; not used" >&2
}
if unusable TMPDIR "${TMPDIR:-}" /scratch; then export TMPDIR=/tmp; fi
if unusable CUDA_CACHE_PATH "${CUDA_CACHE_PATH:-}" /cache; then unset CUDA_CACHE_PATH; fi
if unusable OPTIX_CACHE_PATH "${OPTIX_CACHE_PATH:-}" /cache; then unset OPTIX_CACHE_PATH; fi

# An image is for clusters: better another node than one that cannot fence strangers' models.
export RENDER_WORKER_SANDBOX="${RENDER_WORKER_SANDBOX:-require}"

[ $# -gt 0 ] || set -- --help

# tini, because a TERM that comes before Python has its handlers is lost on a process 1, and because
# git leaves children behind. -I keeps a bound home's packages and the host's PYTHON* variables out.
exec tini -s -- /opt/venv/bin/python -I -m worker "$@"
