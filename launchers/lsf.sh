#!/usr/bin/env bash
# An array of LSF: one rank per task.
#
#     mkdir -p logs && bsub < launchers/lsf.sh
#
# A task that fails does not end the others. LSF runs it again after 69 and 75 (-Q) and if its host
# fails (-r); after another status, submit again: finished objects are skipped.
# ---- change these
#BSUB -J "render[1-8]"
: "${RENDER_WORKER_INDEX:=s3://my-bucket/index/index.json}"
: "${RENDER_WORKER_OUTPUT:=s3://my-bucket/renders}"
: "${RENDER_WORKER:=render-worker}"   # or: apptainer run --nv --no-home render-worker.sif
#BSUB -n 8
#BSUB -R "span[hosts=1] rusage[mem=24GB]"
#BSUB -gpu "num=1"
#BSUB -W 8:00
#BSUB -wa TERM -wt 2
#BSUB -r
#BSUB -Q "69 75"
#BSUB -o logs/render-%J-%I.log
# ---- to here
# The array must count from 1: LSF tells its last index and its step, not its first index.
export RENDER_WORKER_INDEX RENDER_WORKER_OUTPUT
: "${RENDER_WORKER_GRACE:=60}"        # less than -wt, the minutes from SIGTERM to the time limit
export RENDER_WORKER_GRACE
read -ra worker <<<"$RENDER_WORKER"
exec "${worker[@]}" run
