#!/usr/bin/env bash
# An array of PBS Pro or OpenPBS: one rank per task.
#
#     mkdir -p logs && qsub launchers/pbs.sh
#
# A task that fails does not end the others. To bring it back, submit again: finished objects are
# skipped. PBS runs a task again if its node fails (-r y). Torque: -t 0-7 instead of -J, and nodes=1:ppn=8:gpus=1.
# ---- change these
#PBS -J 0-7
export RENDER_WORKER_WORLD_SIZE=8     # the number of tasks, counted from 0: PBS does not tell it
: "${RENDER_WORKER_INDEX:=s3://my-bucket/index/index.json}"
: "${RENDER_WORKER_OUTPUT:=s3://my-bucket/renders}"
: "${RENDER_WORKER:=render-worker}"   # or: apptainer run --nv --no-home render-worker.sif
#PBS -N render
#PBS -l select=1:ncpus=8:ngpus=1:mem=24gb
#PBS -l walltime=08:00:00
#PBS -r y
#PBS -j oe
#PBS -o logs/
# ---- to here
export RENDER_WORKER_INDEX RENDER_WORKER_OUTPUT
# At the time limit PBS sends SIGTERM, and SIGKILL after kill_delay (10 s unless the queue has another).
: "${RENDER_WORKER_GRACE:=5}"
export RENDER_WORKER_GRACE
cd "${PBS_O_WORKDIR:-.}" || exit 64
read -ra worker <<<"$RENDER_WORKER"
exec "${worker[@]}" run
