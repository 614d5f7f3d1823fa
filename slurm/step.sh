# Sourced by the batch scripts: srun of the worker, the way its signals and statuses need it.
# shellcheck shell=bash

job=$SLURM_JOB_ID
# An array's last task has the array's own id: without the task's number, a signal to it would
# reach all tasks.
[ -z "${SLURM_ARRAY_JOB_ID:-}" ] || job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID

# srun no longer takes the CPUs over from sbatch (since Slurm 22.05).
options=("--cpus-per-task=${SLURM_CPUS_PER_TASK:-1}")
[ "${SLURM_GPUS_PER_TASK:-0}" = 0 ] || options+=("--gpus-per-task=$SLURM_GPUS_PER_TASK")
read -ra more <<<"${SRUN_OPTIONS:-}"
options+=(${more[@]+"${more[@]}"})

steps=0 running='' told=0 passed=0 signalled=0

# --signal=B:TERM reaches this shell alone: the tasks get it from here.
# (srun itself, should the step not have begun; it kills what is in work.) Through the controller
# (--ctld): sent straight to the nodes it fails as a whole where one node's tasks are all done.
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
	# A task that stops early must not take the others along (--kill-on-bad-exit).
	# The single quotes hold: the folders are made on each task's node.
	# shellcheck disable=SC2016
	srun --kill-on-bad-exit=0 "${options[@]}" ${own[@]+"${own[@]}"} \
		--open-mode=append --output="$log" \
		bash -c 'mkdir -p "$CUDA_CACHE_PATH" "$OPTIX_CACHE_PATH" && exec "$@"' task "$@" &
	running=$!
	[ "$told" = "$passed" ] || pass_on # told while srun was being started
	signalled=1
	while [ "$signalled" = 1 ]; do # a trap ends `wait` early
		signalled=0
		wait "$running" && status=0 || status=$?
	done
	running='' steps=$((steps + 1))
	# A worker that is only starting, or already ending, dies of the TERM itself (143), and srun's
	# status, the highest, then hides the others' 75. (Preempted, the tasks alone get the TERM.)
	[ "$status" != 143 ] || status=75
	[ "$told" = 0 ] || [ "$status" -le 128 ] || status=75
	return "$status"
}

read -ra command <<<"${COMMAND:-run}"

# A node whose GPU kernels are not compiled yet compiles them here: for minutes, more than an object
# may take. Where they are, or without a GPU, it costs a few seconds.
warm() {
	[ "${command[0]}" = run ] || return 0
	step warm-%N --nodes="$SLURM_JOB_NUM_NODES" --ntasks="$SLURM_JOB_NUM_NODES" --ntasks-per-node=1 \
		-- "${worker[@]}" warm
}

work() { step %t -- "${worker[@]}" "${command[@]}"; }

# A job that scancel ended still gets here, and `scontrol requeue` would bring it back to life.
wanted() { scontrol show job -o "$job" | grep -q ' JobState=RUNNING '; }

finish() { # STATUS: 75, and a node or a storage that cannot be used, go back to the queue
	local restarts=${SLURM_RESTART_COUNT:-0}
	case $1 in
	75 | 69)
		if ! wanted; then
			echo "status $1, and the job was ended from outside: not requeued"
		elif [ "$restarts" -lt "$REQUEUE_MAX" ]; then
			echo "status $1: requeued ($((restarts + 1)) of at most $REQUEUE_MAX times)"
			scontrol requeue "$job"
		else
			echo "status $1 after $restarts restarts: not requeued; submit again to go on"
		fi
		;;
	esac
	exit "$1"
}

export RENDER_WORKER_INDEX RENDER_WORKER_OUTPUT RENDER_WORKER_S3_ENDPOINT RENDER_WORKER_GRACE
export TMPDIR=$LOCAL CUDA_CACHE_PATH=$KERNELS/cuda OPTIX_CACHE_PATH=$KERNELS/optix
# The site's own Python must not leak into the container.
unset PYTHONPATH PYTHONHOME
export PYTHONNOUSERSITE=1

mkdir -p "$KERNELS" # to be mounted, by Apptainer here or by pyxis
if [ -n "${RENDER_WORKER:-}" ]; then
	worker=("$RENDER_WORKER")
else
	# In a SIF that was not made by apptainer.def the image's own would win over these.
	export APPTAINERENV_TMPDIR=$TMPDIR APPTAINERENV_CUDA_CACHE_PATH=$CUDA_CACHE_PATH \
		APPTAINERENV_OPTIX_CACHE_PATH=$OPTIX_CACHE_PATH
	# Not --cleanenv: it drops the rank and CUDA_VISIBLE_DEVICES.
	read -ra worker <<<"apptainer run ${APPTAINER_OPTIONS---nv}"
	worker+=(--no-home --bind "$LOCAL" --bind "$KERNELS" "$IMAGE")
fi
