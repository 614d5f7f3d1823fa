"""Slurm's variables: a step of srun's tasks, an array, and the tasks of a node."""

from __future__ import annotations

import re
from typing import Final

from worker.core.launcher_variables import Environment, number, text
from worker.core.placement import Placement

STEP_SIGNS: Final = ("SLURM_JOB_ID", "SLURM_PROCID")
SPECIAL_STEPS: Final = 0xFFFFFFF0
"""Slurm numbers its batch, extern and interactive steps from here; srun's steps are lower."""


def step(env: Environment) -> Placement:
    """The task of a step, or the only task of a job."""
    tasks = number(env, "SLURM_NTASKS", 1, at_least=1)
    # Without a job id, this is a container that was given srun's variables only.
    in_job = text(env, "SLURM_JOB_ID") is not None
    if number(env, "SLURM_STEP_ID", SPECIAL_STEPS if in_job else 0) < SPECIAL_STEPS:
        local = text(env, "SLURM_LOCALID") or ""
        return Placement(
            rank=number(env, "SLURM_PROCID", 0),
            world=tasks,
            local_rank=int(local) if local.isdigit() else None,
            local_size=tasks_on_node(env),
        )
    # A batch script also has PROCID 0 of NTASKS; it would render only the first task's share.
    if tasks > 1:
        return Placement(
            trap=f"Slurm gave this job SLURM_NTASKS={tasks} tasks, but the worker was not "
            "started by srun, so the shares of the other tasks would not be rendered: "
            "run it as 'srun render-worker run …'"
        )
    return Placement(0, 1, 0, 1)


def array(env: Environment) -> Placement:
    """The task of an array."""
    task = number(env, "SLURM_ARRAY_TASK_ID")
    first = number(env, "SLURM_ARRAY_TASK_MIN")
    last = number(env, "SLURM_ARRAY_TASK_MAX")
    stride = number(env, "SLURM_ARRAY_TASK_STEP", 1, at_least=1)
    count = number(env, "SLURM_ARRAY_TASK_COUNT", (last - first) // stride + 1, at_least=1)
    if first + stride * (count - 1) != last or (task - first) % stride:
        return Placement(
            trap=f"the Slurm array ({count} tasks from {first} to {last}) has uneven gaps, so no "
            f"rank can be derived from SLURM_ARRAY_TASK_ID={task}: use --array=0-{count - 1}"
        )
    return Placement((task - first) // stride, count)


def tasks_on_node(env: Environment) -> int | None:
    """Number of tasks of this step on this node; None if Slurm does not tell it.

    It tells a list such as "4(x2),3" and SLURM_NODEID.
    """
    told = text(env, "SLURM_STEP_TASKS_PER_NODE") or text(env, "SLURM_TASKS_PER_NODE") or ""
    counts: list[int] = []
    for part in told.split(","):
        if match := re.fullmatch(r"(\d{1,9})(?:\(x(\d{1,5})\))?", part.strip()):
            counts += [int(match[1])] * int(match[2] or 1)
    node = text(env, "SLURM_NODEID") or "0"
    at = int(node) if node.isdigit() else 0
    return counts[at] if at < len(counts) else None
