#!/usr/bin/env bash
# Ranks of GNU parallel, AT_ONCE of them at a time, on this machine.
#
#     RANKS=8 AT_ONCE=2 launchers/parallel.sh INDEX OUTPUT [options of render-worker run]
#
# A rank that fails does not end the others. To bring it back, run the same command again: finished
# objects are skipped. To stop cleanly, send SIGTERM twice: after the first, no new rank is started.
# ---- change these
: "${RANKS:=8}"                       # more than AT_ONCE balance the load
: "${AT_ONCE:=2}"                     # such as one per GPU; they divide GPUs, cores and memory
: "${RENDER_WORKER:=render-worker}"
: "${LOGS:=logs}"                     # joblog and a log per rank
# ---- to here
set -uo pipefail
[ $# -ge 2 ] || { echo "usage: RANKS=N AT_ONCE=N parallel.sh INDEX OUTPUT [options of render-worker run]" >&2; exit 64; }
mkdir -p "$LOGS" || exit 64
read -ra worker <<<"$RENDER_WORKER"
export RENDER_WORKER_WORLD_SIZE=$RANKS RENDER_WORKER_LOCAL_SIZE=$AT_ONCE

# {} is the rank; slot() counts from 1 the places that run one rank at a time.
# shellcheck disable=SC2016 # for the ranks' shell, and for parallel
parallel --quote --jobs "$AT_ONCE" --joblog "$LOGS/joblog" --termseq TERM,90000,KILL,25 \
	bash -c 'log=$1/rank-$2.log; export RENDER_WORKER_RANK=$2 RENDER_WORKER_LOCAL_RANK=$3
	shift 3; exec "$@" >>"$log" 2>&1' rank "$LOGS" {} '{= $_ = slot() - 1 =}' \
	"${worker[@]}" run "$1" --output "$2" "${@:3}" ::: $(seq 0 $((RANKS - 1)))

awk -F '\t' 'NR > 1 && ($7 || $8) { bad = $7 ? $7 : 128 + $8; print "sequence " $1 ": exit " bad > "/dev/stderr"; worst = worst ? worst : bad }
	END { exit worst }' "$LOGS/joblog"
