#!/usr/bin/env bash
# Submits one array task per shard of an index, or several shards per task if the site's MaxArraySize
# is smaller.
#   submit.sh INDEX OUTPUT [sbatch options …]
# SHARDS=N  the number of shards, if INDEX cannot be read from here
# RUNNING=N run at most N tasks at the same time
# DRY_RUN=1 print the sbatch command
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
die() { echo "submit.sh: $*" >&2; exit 64; }
[ $# -ge 2 ] || die "usage: submit.sh INDEX OUTPUT [sbatch options …]"
export RENDER_WORKER_INDEX=$1 RENDER_WORKER_OUTPUT=$2 RENDER_WORKER_SLURM=$here
shift 2

read_index() {
	case $RENDER_WORKER_INDEX in
	s3://*)
		command -v aws >/dev/null || die "the aws command is needed to read $RENDER_WORKER_INDEX; or set SHARDS=N"
		aws ${RENDER_WORKER_S3_ENDPOINT:+--endpoint-url "$RENDER_WORKER_S3_ENDPOINT"} s3 cp --quiet "$RENDER_WORKER_INDEX" -
		;;
	http://* | https://*) curl --fail --silent --show-error --location -- "$RENDER_WORKER_INDEX" ;;
	*)
		[ ! -d "$RENDER_WORKER_INDEX" ] || die "$RENDER_WORKER_INDEX is a folder; its index.json is wanted"
		cat -- "$RENDER_WORKER_INDEX"
		;;
	esac || die "$RENDER_WORKER_INDEX cannot be read from here; or set SHARDS=N"
}

if [ -z "${SHARDS:-}" ]; then
	index=$(read_index) || exit
	SHARDS=$(python3 -c 'import json, sys; print(len(json.load(sys.stdin)["shards"]))' <<<"$index" 2>/dev/null) ||
		die "$RENDER_WORKER_INDEX is no index.json with shards; make one with 'render-worker index build', or use render.sbatch for a single list"
	[ "$SHARDS" != 0 ] || die "$RENDER_WORKER_INDEX has no shards: there is nothing to render"
fi
[[ $SHARDS =~ ^[1-9][0-9]*$ ]] || die "SHARDS must be a positive number, not '$SHARDS'"
[[ ${RUNNING:-1} =~ ^[1-9][0-9]*$ ]] || die "RUNNING must be a positive number, not '$RUNNING'"
# Task numbers end one below MaxArraySize.
most=$(scontrol show config | sed -n 's/^MaxArraySize *= *//p')
[[ $most =~ ^[1-9][0-9]*$ ]] || die "this Slurm allows no arrays (MaxArraySize is '$most')"

each=$(((SHARDS + most - 1) / most))
tasks=$(((SHARDS + each - 1) / each))
command=(sbatch --array="0-$((tasks - 1))${RUNNING:+%$RUNNING}" "$@" "$here/render-array.sbatch")
echo "submit.sh: $SHARDS shards, $tasks array tasks of at most $each each" >&2
if [ -n "${DRY_RUN:-}" ]; then
	printf '%q ' "${command[@]}"; echo
else
	exec "${command[@]}"
fi
