# Sourced by the batch scripts: runs the worker under srun and passes on signals and exit statuses.
# shellcheck shell=bash

job=$SLURM_JOB_ID
# The last task of an array has the array's own id. Without the task's number, a signal to it would
# reach all tasks.
[ -z "${SLURM_ARRAY_JOB_ID:-}" ] || job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID

# Since Slurm 22.05, srun no longer inherits --cpus-per-task from sbatch.
options=("--cpus-per-task=${SLURM_CPUS_PER_TASK:-1}")
[ "${SLURM_GPUS_PER_TASK:-0}" = 0 ] || options+=("--gpus-per-task=$SLURM_GPUS_PER_TASK")
read -ra more <<<"${SRUN_OPTIONS:-}"
options+=(${more[@]+"${more[@]}"})

steps=0 running='' told=0 passed=0 signalled=0

# --signal=B:TERM reaches only this shell, which passes it on to the tasks. It goes through the controller
# (--ctld): sent directly to the nodes, it fails as a whole if all tasks of one node have ended. If the
# step has not begun, srun itself is signalled, which kills the tasks.
pass_on() {
	told=1 signalled=1
	[ -n "$running" ] || return 0
	passed=1
	scancel --ctld --signal=TERM "$job.$steps" || kill "$running"
}
trap pass_on TERM

step() { # LOG [OPTION…] -- COMMAND…; the status is the worst of its tasks
	local log=$LOGS/$SLURM_JOB_NAME-$job-$1.log own=() status
	shift
	while [ "$1" != -- ]; do own+=("$1"); shift; done
	shift
	mkdir -p "$LOGS"
	[ "$told" = 0 ] || return 75
	# A task that ends early must not end the others (--kill-on-bad-exit).
	# Single quotes: the folders are made on each task's node.
	# shellcheck disable=SC2016
	srun --kill-on-bad-exit=0 "${options[@]}" ${own[@]+"${own[@]}"} \
		--open-mode=append --output="$log" \
		bash -c 'mkdir -p "$CUDA_CACHE_PATH" "$OPTIX_CACHE_PATH" && exec "$@"' task "$@" &
	running=$!
	[ "$told" = "$passed" ] || pass_on # signalled while srun was starting
	signalled=1
	while [ "$signalled" = 1 ]; do # a trap ends `wait` early
		signalled=0
		wait "$running" && status=0 || status=$?
	done
	running='' steps=$((steps + 1))
	# A worker that is still starting, or already ending, dies of SIGTERM (143). srun returns the highest
	# status, so 143 would hide the others' 75. (On preemption, only the tasks get SIGTERM.)
	[ "$status" != 143 ] || status=75
	[ "$told" = 0 ] || [ "$status" -le 128 ] || status=75
	return "$status"
}

read -ra command <<<"${COMMAND:-run}"

# Compiles the GPU kernels of each node if needed: for minutes, longer than an object may take.
# Otherwise, or without a GPU, it costs a few seconds.
warm() {
	[ "${command[0]}" = run ] || return 0
	step warm-%N --nodes="$SLURM_JOB_NUM_NODES" --ntasks="$SLURM_JOB_NUM_NODES" --ntasks-per-node=1 \
		-- "${worker[@]}" warm
}

work() { step %t -- "${worker[@]}" "${command[@]}"; }

# A job that scancel ended also gets here, and `scontrol requeue` would restart it.
wanted() { scontrol show job -o "$job" | grep -q ' JobState=RUNNING '; }

finish() { # STATUS: requeues the job after 75 (stopped) and 69 (unusable node or storage)
	local restarts=${SLURM_RESTART_COUNT:-0}
	case $1 in
	75 | 69)
		if ! wanted; then
			echo "status $1, and the job was ended from outside: not requeued"
		elif [ "$restarts" -lt "$REQUEUE_MAX" ]; then
			echo "status $1: requeued ($((restarts + 1)) of at most $REQUEUE_MAX times)"
			scontrol requeue "$job"
		else
			echo "status $1 after $restarts restarts: not requeued; submit again to continue"
		fi
		;;
	esac
	exit "$1"
}

export RENDER_WORKER_INDEX RENDER_WORKER_OUTPUT RENDER_WORKER_S3_ENDPOINT RENDER_WORKER_GRACE
export RENDER_WORKER_SANDBOX
export TMPDIR=$LOCAL CUDA_CACHE_PATH=$KERNELS/cuda OPTIX_CACHE_PATH=$KERNELS/optix
# The site's Python settings must not leak into the container.
unset PYTHONPATH PYTHONHOME
export PYTHONNOUSERSITE=1

mkdir -p "$KERNELS" # mounted by Apptainer below, or by pyxis
if [ -n "${RENDER_WORKER:-}" ]; then
	worker=("$RENDER_WORKER")
else
	# In a SIF that was not built from apptainer.def, the image's own variables would win.
	export APPTAINERENV_TMPDIR=$TMPDIR APPTAINERENV_CUDA_CACHE_PATH=$CUDA_CACHE_PATH \
		APPTAINERENV_OPTIX_CACHE_PATH=$OPTIX_CACHE_PATH
	# No --cleanenv: it drops the rank and CUDA_VISIBLE_DEVICES.
	read -ra worker <<<"apptainer run ${APPTAINER_OPTIONS---nv}"
	worker+=(--no-home --bind "$LOCAL" --bind "$KERNELS" "$IMAGE")
fi
