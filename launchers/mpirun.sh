#!/usr/bin/env bash
# Ranks of one mpirun: Open MPI, MPICH or Intel MPI.
#
#     RANKS=8 launchers/mpirun.sh INDEX OUTPUT [options of render-worker run]
#
# Each rank has a log and an exit status in LOGS. A rank that fails does not end the others. To bring
# it back, run the same command again: finished objects are skipped.
# ---- change these
: "${RANKS:=2}"                       # of all hosts together, such as one per GPU
: "${MPI_OPTIONS:=}"                  # Open MPI: --hostfile hosts -x AWS_ACCESS_KEY_ID …
: "${RENDER_WORKER:=render-worker}"   # or: apptainer run --nv --no-home render-worker.sif
: "${LOGS:=logs}"                     # a folder that all hosts see
: "${MPIRUN:=mpirun}"
# ---- to here
set -uo pipefail
[ $# -ge 2 ] || { echo "usage: RANKS=N mpirun.sh INDEX OUTPUT [options of render-worker run]" >&2; exit 64; }
mkdir -p "$LOGS" && LOGS=$(cd "$LOGS" && pwd) || exit 64
rm -f "$LOGS"/rank-*.status
read -ra options <<<"$MPI_OPTIONS"

# The worker divides a node's cores itself; Open MPI and Intel MPI would bind each rank to some of them.
export OMPI_MCA_hwloc_base_binding_policy=none PRTE_MCA_hwloc_default_binding_policy=none I_MPI_PIN=0
# Seconds from Open MPI's SIGTERM to its SIGKILL, all of which it waits; MPICH kills at once.
: "${RENDER_WORKER_GRACE:=10}"
export RENDER_WORKER_GRACE OMPI_MCA_odls_base_sigkill_timeout=$((RENDER_WORKER_GRACE + 5))
export PRTE_MCA_odls_base_sigkill_timeout=$OMPI_MCA_odls_base_sigkill_timeout

# mpirun ends all ranks when one exits with another status than 0, so each writes its own to a file.
# mpirun signals a rank's shell and worker both; the shell waits for the worker.
# shellcheck disable=SC2016 # the ranks' own
"$MPIRUN" ${options[@]+"${options[@]}"} -n "$RANKS" bash -c '
	logs=$1 rank=${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-}}
	read -ra worker <<<"$2"
	shift 2
	trap : TERM INT
	"${worker[@]}" "$@" >>"$logs/rank-$rank.log" 2>&1
	echo $? >"$logs/rank-$rank.status"
	exit 0' rank "$LOGS" "$RENDER_WORKER" run "$1" --output "$2" "${@:3}" &
running=$!
trap 'kill -TERM "$running"' TERM INT
while wait "$running"; status=$?; kill -0 "$running" 2>/dev/null; do :; done

worst=0
for ((rank = 0; rank < RANKS; rank++)); do
	ended=$(cat "$LOGS/rank-$rank.status" 2>/dev/null) || ended=1 # killed
	[ "$ended" = 0 ] || { echo "rank $rank: exit $ended, see $LOGS/rank-$rank.log" >&2; [ "$worst" != 0 ] || worst=$ended; }
done
[ "$worst" != 0 ] || worst=$status
exit "$worst"
