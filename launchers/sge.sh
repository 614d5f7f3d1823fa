#!/usr/bin/env bash
# An array of Grid Engine (SGE, UGE, AGE): one rank per task.
#
#     mkdir -p logs && qsub launchers/sge.sh
#
# A task that fails does not end the others. Grid Engine runs it again after 75 (here 99, its status for
# that) and if its host fails (-r y); after another status, submit again: finished objects are skipped.
# ---- change these
#$ -t 1-8
: "${RENDER_WORKER_INDEX:=s3://my-bucket/index/index.json}"
: "${RENDER_WORKER_OUTPUT:=s3://my-bucket/renders}"
: "${RENDER_WORKER:=render-worker}"   # or: apptainer run --nv --no-home render-worker.sif
#$ -N render
#$ -pe smp 8
#$ -l gpu=1,h_rt=08:00:00,s_rt=07:58:00
#$ -V
#$ -r y
#$ -notify
#$ -cwd
#$ -j y
#$ -o logs/
#$ -S /bin/bash
# ---- to here
export RENDER_WORKER_INDEX RENDER_WORKER_OUTPUT
: "${RENDER_WORKER_GRACE:=30}"        # less than the queue's notify time (60 s)
export RENDER_WORKER_GRACE
read -ra worker <<<"$RENDER_WORKER"
"${worker[@]}" run &
running=$!
# Before the time limit, and before it kills or suspends a job, Grid Engine sends one of these.
trap 'kill -TERM "$running"' USR1 USR2 XCPU TERM
while wait "$running"; status=$?; kill -0 "$running" 2>/dev/null; do :; done
[ "$status" != 75 ] || exit 99
exit "$status"
